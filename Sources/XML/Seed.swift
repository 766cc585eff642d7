/// Seed.
enum XMLSeed {}
