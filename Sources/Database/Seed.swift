/// Seed.
enum DatabaseSeed {}
