/// Seed.
enum SimulatedProviderSeed {}
