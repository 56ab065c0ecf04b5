"""What the work has brought: each report is a pure function from rows; only `reading` asks the database."""
