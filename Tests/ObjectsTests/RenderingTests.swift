import ObjectText
import Primitives
import Testing

@testable import Objects

struct RenderingTests {
    private static let repository = String(#filePath.dropLast("/Tests/ObjectsTests/RenderingTests.swift".utf8.count))
    private static let samples = "\(repository)/deploy/kubernetes/samples"
    private static let definitions = "\(repository)/deploy/kubernetes/crds"

    /// Renew the files with `make docs`, or `RECORD=1 swift test --filter ObjectsTests`, and read their diff.
    @Test func `CustomResourceDefinitions and docs are as the schemas are`() throws {
        let files =
            DefinitionFiles.all.map { ("\(Self.definitions)/\($0.name)", $0.text) }
            + [("\(Self.repository)/docs/objects.md", ObjectsReference.markdown)]
        for (path, text) in files {
            if ProcessEnvironment.all["RECORD"] == "1" { try Files.write(Array(text.utf8), to: path) }
            let written = try Files.read(path, limitBytes: 1 << 20)
            #expect(String(decoding: written, as: UTF8.self) == text, "\(path): run make docs")
        }
        #expect(DefinitionFiles.all.count == ResourceKind.all.count - 1)
    }

    @Test func `manifests to begin with are in order, one of each kind that people write`() throws {
        var kinds: Set<String> = []
        let names = try #require(Files.names(in: Self.samples)).filter { $0.hasSuffix(".yaml") }
        for name in names + ["remote/provider.yaml"] {
            let path = "\(Self.samples)/\(name)"
            for document in try YAMLText.documents(try Files.read(path), path: name) {
                let kind = try #require(ResourceKind.all.first { $0.kind == document.value["kind"]?.text }, "\(document.place)")
                #expect(document.value["apiVersion"]?.text == kind.apiVersion)
                var problems: [FieldProblem] = []
                let object = APIObject(kind, document.value, &problems)
                let schema = try #require(KindSchema.of(kind))
                #expect(problems + schema.validate(object) + schema.validate(schema.defaulted(object)) == [], "\(document.place)")
                kinds.insert(kind.kind)
            }
        }
        #expect(kinds == Set(ResourceKind.all.map(\.kind)).subtracting(["VMOperation"]))
    }

    /// What apiextensions.k8s.io/v1 asks of a structural schema.
    @Test(arguments: KindSchema.all.filter { !$0.kind.group.isEmpty }.map(\.kind))
    func `definitions are structural`(_ kind: ResourceKind) throws {
        let definition = try #require(KindSchema.of(kind)?.customResourceDefinition)
        let root = try #require(definition["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"])
        #expect(root["properties"]?["metadata"] == ["type": "object"])
        var count = 0
        Self.forEach(root, "") { schema, path in
            count += 1
            let isWholeOrText = schema["x-kubernetes-int-or-string"] != nil
            #expect((schema["type"] != nil) != isWholeOrText, "\(path)")
            for name in ["oneOf", "anyOf"] {
                for element in schema[name]?.list ?? [] where !isWholeOrText {
                    let names = Set(element["required"]?.list?.compactMap(\.text) ?? [])
                    #expect(!names.isEmpty && Set(schema["properties"]?.members?.names ?? []).isSuperset(of: names), "\(path)")
                }
            }
            for key in schema["x-kubernetes-list-map-keys"]?.list ?? [] {
                #expect(schema["items"]?["required"]?.list?.contains(key) == true, "\(path)")
            }
            #expect(path.isEmpty || !path.hasPrefix("metadata") || schema["default"] == nil)
            #expect(schema["$ref"] == nil && schema["nullable"] == nil)
        }
        #expect(count > 20)
    }

    @Test func `a set can be scaled, and all kinds have a status`() throws {
        for schema in KindSchema.all {
            let version = schema.customResourceDefinition?["spec"]?["versions"]?[0]
            #expect((version?["subresources"]?["scale"] != nil) == (schema.kind == .vmSet))
            #expect((version?["subresources"]?["status"] != nil) == !schema.kind.group.isEmpty)
        }
    }

    private static func forEach(_ schema: ObjectValue, _ path: String, _ body: (ObjectValue, String) -> Void) {
        body(schema, path)
        for member in schema["properties"]?.members ?? ObjectMembers() {
            forEach(member.value, path.isEmpty ? member.name : "\(path).\(member.name)", body)
        }
        if let items = schema["items"] { forEach(items, "\(path)[]", body) }
        if let values = schema["additionalProperties"] { forEach(values, "\(path)[NAME]", body) }
    }
}
