"""Against a CRM that really runs here and that nobody of us wrote; `make test-real-crm`."""
