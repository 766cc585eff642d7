import Testing

@Suite struct SeedProviderTasks {}
