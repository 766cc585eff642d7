import Testing

@Suite struct SeedProtobuf {}
