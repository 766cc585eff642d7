/// Seed.
enum ProtobufSeed {}
