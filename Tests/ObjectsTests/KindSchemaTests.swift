import Testing

@testable import Objects

struct KindSchemaTests {
    @Test(arguments: ResourceKind.all)
    func `an example of each kind is in order`(_ kind: ResourceKind) throws {
        let schema = try #require(KindSchema.of(kind))
        let object = try Examples.object(kind)
        #expect(schema.validate(object) == [])
        let stored = schema.defaulted(object)
        #expect(schema.validate(stored) == [] && schema.defaulted(stored) == stored)
        #expect(schema.validate(stored, replacing: stored) == [])
    }

    @Test(arguments: KindExamples.bad)
    func `what an object must not say has its place and its reason`(
        _ kind: ResourceKind, _ path: String, _ json: String, _ expected: [String]
    ) throws {
        let problems = try #require(KindSchema.of(kind)).validate(Examples.object(kind, path, json))
        #expect(problems.map(\.description) == expected)
    }

    @Test(arguments: KindExamples.good)
    func `what an object may say besides`(_ kind: ResourceKind, _ path: String, _ json: String) throws {
        let object = try Examples.object(kind, path, json)
        #expect(try #require(KindSchema.of(kind)).validate(object) == [])
    }

    @Test func `a machine that was adopted need not say what it was made from`() throws {
        var object = try Examples.object(.virtualMachine, "spec.imageRef", "")
        object.metadata.labels["virtrigaud.io/adopted"] = "true"
        #expect(KindSchema.virtualMachine.validate(object) == [])
    }

    @Test func `a status may have members of others, and is looked at by itself`() throws {
        var object = try Examples.object(.virtualMachine)
        object.status = ["phase": "Running", "theirs": 1, "conditions": [["type": "Ready", "status": "Perhaps"]]]
        #expect(KindSchema.virtualMachine.validate(object) == [])
        #expect(
            KindSchema.virtualMachine.validateStatus(object).map(\.path) == [
                "status.conditions[0].status", "status.conditions[0].reason", "status.conditions[0].message",
                "status.conditions[0].lastTransitionTime",
            ])
    }
}
