import Primitives
import Testing

@testable import Objects

struct RenderingTests {
    private static let repository = String(#filePath.dropLast("/Tests/ObjectsTests/RenderingTests.swift".utf8.count))
    private static let definitions = "\(repository)/deploy/kubernetes/crds"

    /// Renew the files with `make docs`, or `RECORD=1 swift test --filter ObjectsTests`, and read their diff.
    @Test func `CustomResourceDefinitions and docs are as the schemas are`() throws {
        let files =
            KindSchema.definitionFiles.map { ("\(Self.definitions)/\($0.name)", $0.text) }
            + [("\(Self.repository)/docs/objects.md", ObjectsReference.markdown)]
        for (path, text) in files {
            if ProcessEnvironment.all["RECORD"] == "1" { try Files.write(Array(text.utf8), to: path) }
            let written = try Files.read(path, limitBytes: 1 << 20)
            #expect(String(decoding: written, as: UTF8.self) == text, "\(path): run make docs")
        }
        #expect(KindSchema.definitionFiles.count == ResourceKind.all.count - 1)
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
            for name in ["oneOf", "anyOf", "allOf"] {
                for element in schema[name]?.list ?? [] where !isWholeOrText {
                    let names = Set((element["required"] ?? element["not"]?["required"])?.list?.compactMap(\.text) ?? [])
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

    @Test func `kubectl's definitions name their kinds, and are of what version 2 knows`() throws {
        let definitions = KindSchema.definitions(.openAPI2)
        let machine = try #require(definitions["io.virtrigaud.infra.v1beta1.VirtualMachine"])
        #expect(machine["x-kubernetes-group-version-kind"]?[0]?["kind"] == "VirtualMachine")
        #expect(definitions["io.k8s.api.core.v1.Secret"]?["properties"]?["data"]?["additionalProperties"]?["format"] == "byte")
        var references = 0
        for definition in definitions {
            Self.forEach(definition.value, "") { schema, path in
                for name in ["oneOf", "anyOf", "allOf", "not", "default"] { #expect(schema[name] == nil, "\(path)") }
                guard let reference = schema["$ref"]?.text else { return }
                references += 1
                #expect(definitions[String(reference.dropFirst("#/definitions/".utf8.count))] != nil)
            }
        }
        #expect(references == ResourceKind.all.count)
        let third = KindSchema.definitions(.openAPI3)["io.virtrigaud.infra.v1beta1.VirtualMachine"]
        #expect(third?["properties"]?["metadata"]?["$ref"]?.text?.hasPrefix("#/components/schemas/") == true)
        #expect(third?["properties"]?["spec"]?["properties"]?["powerState"]?["default"] == "On")
    }

    @Test func `YAML is what its readers take for the same`() {
        let value: ObjectValue = [
            "a": "plain", "b": "true", "c": "7", "d": "", "e": "a: b", "f": "a\nb\n", "g": "a\nb", "h": " a\nb", "i": "x #y", "j": [],
            "k": [:],
            "l": ["x", ["m": 1, "n": ["o"]], ["p"], [["q": 1]]], "r": ["s": ["t": .null]], "u": .number(1.5), "v w": "ü", "x": "2026-11-23",
            "y": "1e3",
        ]
        let text = """
            a: plain
            b: "true"
            c: "7"
            d: ""
            e: "a: b"
            f: |
              a
              b
            g: |-
              a
              b
            h: " a\\nb"
            i: "x #y"
            j: []
            k: {}
            l:
            - x
            - m: 1
              "n":
              - o
            -
              - p
            -
              - q: 1
            r:
              s:
                t: null
            u: 1.5
            v w: "ü"
            x: "2026-11-23"
            "y": "1e3"

            """
        #expect(value.yaml == text)
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
