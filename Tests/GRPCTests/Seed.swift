import Testing

@Suite struct SeedGRPC {}
