import Objects
import Primitives
import Synchronization
import Testing

@testable import ObjectStore

@Suite struct RulesTests {
    @Test(arguments: [
        ("web", true), ("web-1", true), ("1", true), ("a.b", true), ("a-.b", false), ("a.-b", false), ("", false), (".", false),
        ("a.", false),
        ("Web", false), ("ä", false), ("a_b", false), ("a b", false), (String(repeating: "a", count: 253), true),
        (String(repeating: "a", count: 254), false),
    ])
    func `names of objects are subdomains`(text: String, isOne: Bool) { #expect(NameRules.isSubdomain(text) == isOne) }

    @Test(arguments: [
        ("default", true), ("a.b", false), ("", false), (String(repeating: "a", count: 63), true),
        (String(repeating: "a", count: 64), false),
    ])
    func `names of namespaces are labels`(text: String, isOne: Bool) { #expect(NameRules.isLabel(text) == isOne) }

    @Test(arguments: [
        ("web-", true), ("web", true), ("web.", false), ("-", false), ("a-", true), ("a.b-", true), ("A1-", false), ("", false),
    ])
    func `what a name begins with may end with a dash`(text: String, isOne: Bool) { #expect(NameRules.isPrefix(text) == isOne) }

    @Test(arguments: [
        ("app", true), ("App_1.x-y", true), ("example.com/app", true), ("Example.com/app", false), ("/app", false), ("example.com/", false),
        ("a/b/c", false), ("", false), ("-a", false), ("a-", false), ("a b", false), ("ä", false),
        ("example.com/" + String(repeating: "a", count: 63), true), (String(repeating: "a", count: 64), false),
        (String(repeating: "a", count: 253) + "/a", true), (String(repeating: "a", count: 254) + "/a", false),
    ])
    func `names of labels may have a domain`(text: String, isOne: Bool) { #expect(NameRules.isQualifiedName(text) == isOne) }

    @Test func `of labels and their like there are not too many`() {
        func names(_ count: Int) -> [String: String] { Dictionary(uniqueKeysWithValues: (0..<count).map { ("a\($0)", "") }) }
        func problems(_ change: (inout ObjectMetadata) -> Void) -> [FieldProblem] {
            var metadata = ObjectMetadata(name: "web", namespace: "default")
            change(&metadata)
            return MetadataRules.problems(metadata, of: .vmClass)
        }
        func owners(_ count: Int) -> [OwnerReference] {
            (0..<count).map { OwnerReference(apiVersion: "v1", kind: "Secret", name: "a", uid: "\($0)", isController: false) }
        }
        typealias Rules = MetadataRules
        for more in [0, 1, 40_000] {
            let found = [
                problems { $0.labels = names(Rules.mostLabels + more) }, problems { $0.annotations = names(Rules.mostAnnotations + more) },
                problems { $0.finalizers = (0..<(Rules.mostFinalizers + more)).map { "a\($0)" } },
                problems { $0.ownerReferences = owners(Rules.mostOwners + more) },
            ]
            let fields = ["labels", "annotations", "finalizers", "ownerReferences"].map { "metadata.\($0)" }
            #expect(found.map { $0.map(\.path) } == (more == 0 ? [[], [], [], []] : fields.map { [$0] }))
            #expect(found.allSatisfy { $0.allSatisfy { $0.reason == .tooMany } })
        }
    }

    /// Of which the random numbers are known.
    private func rules(_ numbers: [UInt64]) -> ObjectRules {
        final class Box: Sendable {
            let index = Atomic(0)
        }
        let box = Box()
        return ObjectRules(clock: .fixed(1_700_000_000.9)) { numbers[box.index.add(1, ordering: .relaxed).oldValue % numbers.count] }
    }

    private func machine(_ name: String) -> APIObject {
        APIObject(.virtualMachine, ObjectMetadata(name: name, namespace: "default"), ObjectMembers([("spec", ObjectValue.text("x"))]))
    }

    @Test func `what the store gives is as Kubernetes has it`() throws {
        let made = try rules([.max, 0]).created(machine("web1"))
        #expect(made.metadata.uid == "ffffffff-ffff-4fff-8000-000000000000")
        #expect(made.metadata.creationTimestamp == "2023-11-14T22:13:20Z")
        #expect(made.metadata.generation == 1)
        #expect(try rules([0, .max]).created(machine("web1")).metadata.uid == "00000000-0000-4000-bfff-ffffffffffff")
    }

    @Test func `a name that is taken is made up again`() throws {
        var unnamed = machine("")
        unnamed.metadata.generateName = "web-"
        // The first object takes one number for its name and two for its uid.
        var draft = ObjectDraft(rules([0, 1, 2, 0, 0, 0, 28, 4, 5]), after: 1)
        #expect(try draft.evaluate(.create(unnamed)) { _ in nil }?.metadata.name == "web-bbbbb")
        #expect(try draft.evaluate(.create(unnamed)) { _ in nil }?.metadata.name == "web-ccbbb")
        #expect(draft.version == 3 && draft.changes.count == 2)
    }

    @Test func `a name for which there is no other in a while is said to be taken`() {
        var unnamed = machine("")
        unnamed.metadata.generateName = "web-"
        var draft = ObjectDraft(rules([0]), after: 1)
        #expect(throws: Never.self) { _ = try draft.evaluate(.create(unnamed)) { _ in nil } }
        do throws(StoreError) {
            _ = try draft.evaluate(.create(unnamed)) { _ in nil }
            Issue.record("it has a name")
        } catch {
            #expect(error.reason == .alreadyExists && error.key?.name == "web-bbbbb")
        }
    }

    @Test func `kinds without a status of their own write it with the object`() throws {
        var secret = APIObject(.secret, ObjectMetadata(name: "s", namespace: "default"), ObjectMembers([("status", "x")]))
        secret = try ObjectRules().created(secret)
        #expect(secret.status == "x")
        do throws(StoreError) {
            _ = try ObjectRules().updated(secret, to: secret, .status)
            Issue.record("it is written")
        } catch {
            #expect(error.reason == .methodNotAllowed)
        }
    }

    @Test func `what could not be read again is not taken`() throws {
        var deep: ObjectValue = "x"
        for _ in 0..<40 { deep = ["a": deep] }
        let values: [ObjectValue] = [
            deep, .list(Array(repeating: 1, count: 50_001)), .members(ObjectMembers([(String(repeating: "a", count: 513), .null)])),
        ]
        for value in values {
            var object = machine("web1")
            object.spec = value
            do throws(StoreError) {
                _ = try ObjectRules().created(object)
                Issue.record("it is taken")
            } catch {
                #expect(error.reason == .invalid)
            }
        }
        var object = machine("web1")
        object.spec = "x"
        for _ in 0..<36 { object.spec = ["a": object.spec] }
        let made = try ObjectRules().created(object)
        #expect(try ObjectValue(parsing: made.json) == made.value)
    }
}
