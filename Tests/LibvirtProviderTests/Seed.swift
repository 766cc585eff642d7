import Testing

@Suite struct SeedLibvirtProvider {}
