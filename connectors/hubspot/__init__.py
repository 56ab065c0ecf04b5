"""HubSpot, through the official client's transport with raw bodies."""

from connectors.hubspot.connector import HubSpotConnector

__all__ = ["HubSpotConnector"]
