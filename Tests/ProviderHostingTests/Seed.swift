import Testing

@Suite struct SeedProviderHosting {}
