import Testing

@Suite struct SeedSimulatedProvider {}
