"""Where a brake is set unless cadenza.yaml says otherwise: shares of a kind's records, records of a push."""

DELETED, CHANGED, PUSHED = 0.05, 0.5, 2000
