// Top-level code belongs to the main actor, where C threads may not call back; so there is one call here and no more.
Program.run()
