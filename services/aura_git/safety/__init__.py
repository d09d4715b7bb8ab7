"""What every write goes through: gates, snapshots, the journal, undo, recovery, and the look at what is committed."""
