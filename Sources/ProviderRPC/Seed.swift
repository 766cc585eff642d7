/// Seed.
enum ProviderRPCSeed {}
