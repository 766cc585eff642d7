import Testing

@Suite struct SeedXML {}
