import Testing

@Suite struct SeedProviderRPC {}
