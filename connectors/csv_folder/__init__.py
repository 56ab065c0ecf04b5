"""A folder of CSV files as a CRM."""

from connectors.csv_folder.connector import CsvConnector

__all__ = ["CsvConnector"]
