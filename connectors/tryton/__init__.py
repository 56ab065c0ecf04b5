"""Tryton with its sale_opportunity module, over its REST interface."""

from connectors.tryton.connector import TrytonConnector

__all__ = ["TrytonConnector"]
