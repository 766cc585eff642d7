/// Seed.
enum ProviderTasksSeed {}
