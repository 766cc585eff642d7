import Testing

@Suite struct SeedRPC {}
