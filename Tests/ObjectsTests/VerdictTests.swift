import Primitives
import Testing

@testable import Objects

/// What we make of each example, as a file, so that a kube-apiserver can be asked for the same (Tests/EndToEnd/test_object_schemas.py).
struct VerdictTests {
    private static let path = String(#filePath.dropLast("VerdictTests.swift".utf8.count)) + "Fixtures/verdicts.jsonl"

    /// Renew the file with `RECORD=1 swift test --filter ObjectsTests` and read its diff.
    @Test func `what is made of each example is as it was`() throws {
        var lines: [String] = []
        func add(_ kind: ResourceKind, _ object: APIObject) throws {
            var object = object
            object.metadata.name = "example-\(lines.count)"
            let schema = try #require(KindSchema.of(kind))
            var fields: [FieldProblem] = []
            schema.shape.validate(.members(object.content), "", &fields)
            // What the definitions say, what rules beyond them say, and what would be stored.
            let line: ObjectValue = [
                "object": object.value, "fields": .list(fields.map { .text($0.description) }),
                "rules": .list(schema.validate(object).filter { !fields.contains($0) }.map { .text($0.description) }),
                "stored": schema.defaulted(object).value,
            ]
            lines.append(String(decoding: line.json, as: UTF8.self))
        }
        for kind in ResourceKind.all { try add(kind, Examples.object(kind)) }
        for example in KindExamples.good { try add(example.0, Examples.object(example.0, example.1, example.2)) }
        for example in KindExamples.bad { try add(example.0, Examples.object(example.0, example.1, example.2)) }
        let text = lines.joined(separator: "\n") + "\n"
        if ProcessEnvironment.all["RECORD"] == "1" { try Files.write(Array(text.utf8), to: Self.path) }
        #expect(String(decoding: try Files.read(Self.path), as: UTF8.self) == text)
    }
}
