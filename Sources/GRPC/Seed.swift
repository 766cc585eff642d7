/// Seed.
enum GRPCSeed {}
