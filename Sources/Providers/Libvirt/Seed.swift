/// Seed.
enum LibvirtProviderSeed {}
