import Testing

@testable import Objects

/// What all schemas have in common.
struct SchemaShapeTests {
    @Test(arguments: ResourceKind.all)
    func `fields have a description in sentences, other names, and defaults that are in order`(_ kind: ResourceKind) throws {
        let schema = try #require(KindSchema.of(kind))
        var count = 0
        Self.forEachField(.object(schema.shape), "") { field, path in
            count += 1
            #expect(field.description.hasSuffix("."), "\(path)")
            guard let standard = field.standard else { return }
            #expect(!field.isRequired, "\(path)")
            var problems: [FieldProblem] = []
            field.schema.validate(standard, path, &problems)
            #expect(problems == [])
        }
        #expect(count > 3)
    }

    @Test(arguments: ResourceKind.all)
    func `names are each there once, and rules speak of fields`(_ kind: ResourceKind) throws {
        Self.forEachShape(.object(try #require(KindSchema.of(kind)).shape), "") { shape, path in
            let names = shape.fields.map(\.name)
            #expect(Set(names).count == names.count, "\(path)")
            for rule in shape.rules { #expect(Set(names).isSuperset(of: rule.names), "\(path)") }
        }
    }

    @Test(arguments: ResourceKind.all)
    func `columns and fields that do not change are of fields that are there`(_ kind: ResourceKind) throws {
        let schema = try #require(KindSchema.of(kind))
        var paths: Set<String> = ["metadata.creationTimestamp"]
        Self.forEachField(.object(schema.shape), "") { _, path in paths.insert(path) }
        for column in schema.columns {
            let path = column.path.dropFirst().prefix { $0 != "[" }
            #expect(paths.contains(String(path)), "\(column.path)")
            #expect(column.description.hasSuffix("."))
        }
        for field in schema.fixed { #expect(paths.contains(field.path), "\(field.path)") }
        #expect(schema.columns.last?.name == "Age")
        #expect(Set(schema.columns.map(\.name)).count == schema.columns.count)
    }

    @Test(arguments: ResourceKind.all)
    func `columns are of fields that somebody writes`(_ kind: ResourceKind) throws {
        let schema = try #require(KindSchema.of(kind))
        var kept: Set<String> = []
        Self.forEachField(.object(schema.shape), "") { field, path in if field.effect == .kept { kept.insert(path) } }
        for column in schema.columns { #expect(!kept.contains(String(column.path.dropFirst().prefix { $0 != "[" })), "\(column.path)") }
    }

    @Test func `every kind has a schema, and those with a status have one in it`() {
        #expect(KindSchema.all.map(\.kind) == ResourceKind.all)
        for schema in KindSchema.all { #expect((schema.status != nil) == schema.kind.hasStatus) }
    }

    @Test func `values of cells are found by their paths`() throws {
        var object = try Examples.object(.virtualMachine)
        object.status = [
            "ips": ["192.0.2.7", "2001:db8::7"], "powerState": "On",
            "conditions": [["type": "Error", "status": "False"], ["type": "Ready", "status": "True"]],
        ]
        let cells = Dictionary(uniqueKeysWithValues: KindSchema.virtualMachine.columns.map { ($0.name, $0.cell(of: object)) })
        #expect(cells["IPs"] == .text("192.0.2.7,2001:db8::7") && cells["Ready"] == .text("True") && cells["Provider"] == .text("local"))
        #expect(cells["Phase"] == .some(nil) && cells["Power"] == .text("On"))
        #expect(KindSchema.vmSet.columns.first?.cell(of: try Examples.object(.vmSet)) == .whole(3))
        #expect(Column("First", ".status.ips[0]", "It.").cell(of: object) == .text("192.0.2.7"))
    }

    static func forEachShape(_ schema: Schema, _ path: String, _ body: (ObjectShape, String) -> Void) {
        switch schema {
        case .object(let shape):
            body(shape, path)
            for field in shape.fields { forEachShape(field.schema, path.isEmpty ? field.name : "\(path).\(field.name)", body) }
        case .list(let element, _): forEachShape(element, "\(path)[]", body)
        case .map(let element, _): forEachShape(element, "\(path)[NAME]", body)
        default: break
        }
    }

    static func forEachField(_ schema: Schema, _ path: String, _ body: (Field, String) -> Void) {
        forEachShape(schema, path) { shape, path in
            for field in shape.fields { body(field, path.isEmpty ? field.name : "\(path).\(field.name)") }
        }
    }
}
