"""Salesforce, through simple-salesforce on a session of our own."""

from connectors.salesforce.connector import SalesforceConnector

__all__ = ["SalesforceConnector"]
