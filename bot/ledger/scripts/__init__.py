"""Every transaction of the ledger, in SQL that both databases understand."""
