import Testing

@Suite struct SeedLibvirtAPI {}
