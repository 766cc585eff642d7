/// Seed.
enum ProviderHostingSeed {}
