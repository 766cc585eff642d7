import Testing

@Suite struct SeedDatabase {}
