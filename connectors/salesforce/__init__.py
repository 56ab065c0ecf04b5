"""The Salesforce adapter."""

from connectors.salesforce.connector import SalesforceConnector

__all__ = ["SalesforceConnector"]
