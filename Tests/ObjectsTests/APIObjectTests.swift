import JSON
import Primitives
import Testing

@testable import Objects

struct APIObjectTests {
    private static let text = #"""
        {"apiVersion":"infra.virtrigaud.io/v1beta1","kind":"VirtualMachine","metadata":{"annotations":{"a":"b"},"creationTimestamp":"2026-11-23T03:04:05Z","deletionGracePeriodSeconds":0,"deletionTimestamp":"2026-11-23T03:04:06Z","finalizers":["x/y"],"generation":3,"labels":{"app":"web"},"name":"web1","namespace":"default","ownerReferences":[{"apiVersion":"v1","blockOwnerDeletion":true,"controller":true,"kind":"VMSet","name":"web","uid":"u1"}],"resourceVersion":"7","uid":"u2"},"spec":{"powerState":"On"},"status":{"id":"1"}}
        """#

    @Test func `an object is written as it was read`() throws {
        var problems: [FieldProblem] = []
        let object = APIObject(.virtualMachine, try ObjectValue(parsing: Array(Self.text.utf8)), &problems)
        #expect(problems.isEmpty)
        #expect(String(decoding: object.json, as: UTF8.self) == Self.text)
        #expect(object.metadata.controller?.kind == "VMSet" && object.metadata.isDeleting)
        #expect(object.key.description == #"virtualmachines.infra.virtrigaud.io "default/web1""#)
    }

    @Test(arguments: [
        (#"{"metadata":7}"#, "metadata: must be an object, is a whole number"),
        (#"{"metadata":{"name":7}}"#, "metadata.name: must be a text, is a whole number"),
        (#"{"metadata":{"labels":{"a":1}}}"#, "metadata.labels[a]: must be a text, is a whole number"),
        (
            #"{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"x","name":"y"}]}}"#,
            "metadata.ownerReferences[0].uid: must be a text that is not empty"
        ),
        (#"[]"#, ": must be an object, is a list"),
    ])
    func `what metadata must not say has its place`(_ text: String, _ problem: String) throws {
        var problems: [FieldProblem] = []
        _ = APIObject(.virtualMachine, try ObjectValue(parsing: Array(text.utf8)), &problems)
        #expect(problems.map(\.description) == [problem])
    }

    @Test func `names, plurals and short names of kinds are each of one kind`() {
        let words = ResourceKind.all.flatMap { [$0.kind, $0.plural, $0.singular] + $0.shortNames }
        #expect(Set(words).count == words.count)
    }
}
