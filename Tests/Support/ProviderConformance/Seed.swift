/// Seed.
enum Seed {}
