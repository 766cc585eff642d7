/// Seed.
enum LibvirtAPISeed {}
