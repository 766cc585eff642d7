import ObjectStore
import Objects
import Testing

/// A store that tells of every status in which the manager says what the schema of its kind does not name, or says that nobody writes.
final class TruthfulStore: ObjectStore {
    private let inner: any ObjectStore

    init(_ inner: any ObjectStore) { self.inner = inner }

    /// What is wrong with an object's status, taken at the schema's word.
    static func problems(_ object: APIObject) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        guard let status = object.content["status"] else { return problems }
        KindSchema.of(object.kind)?.status?.schema.asWritten.validate(status, "status", &problems)
        findEmpty(status, "status", &problems)
        return problems
    }

    /// kube-apiserver 1.20 takes an empty text for null, and refuses the object.
    private static func findEmpty(_ value: ObjectValue, _ path: String, _ problems: inout [FieldProblem]) {
        if value.text?.isEmpty == true { problems.append(FieldProblem(path, .invalid, "is empty")) }
        for (index, element) in (value.list ?? []).enumerated() { findEmpty(element, "\(path)[\(index)]", &problems) }
        // What a person has said, as it was said.
        for member in value.members ?? ObjectMembers() where member.name != "currentTemplate" {
            findEmpty(member.value, "\(path).\(member.name)", &problems)
        }
    }

    private static func check(_ object: APIObject) {
        for problem in problems(object) {
            Issue.record("the schema of \(object.kind.kind) does not agree with what is written: \(problem)")
        }
    }

    func create(_ object: APIObject) async throws(StoreError) -> APIObject {
        Self.check(object)
        return try await inner.create(object)
    }

    func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
        if part == .status { Self.check(object) }
        return try await inner.update(object, part)
    }

    func get(_ key: ObjectKey) async throws(StoreError) -> APIObject { try await inner.get(key) }

    func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        try await inner.list(kind, in: namespace, selector)
    }

    func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        try await inner.delete(key, precondition)
    }

    func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        try await inner.watch(kind, in: namespace, from: version)
    }
}

extension Schema {
    /// The same without room for members of others, and without those that are only kept.
    fileprivate var asWritten: Schema {
        switch self {
        case .object(var shape):
            shape.isOpen = false
            shape.fields = shape.fields.filter { $0.effect == .acts }.map { field in
                Field(field.name, field.schema.asWritten, field.description, isRequired: field.isRequired, standard: field.standard)
            }
            return .object(shape)
        case .list(let element, let rule): return .list(element.asWritten, rule)
        case .map(let element, let rule): return .map(element.asWritten, rule)
        default: return self
        }
    }
}

struct TruthfulStoreTests {
    @Test(arguments: [
        (#"{"phase":"Running"}"#, 0), (#"{"fase":"Running"}"#, 1), (#"{"phase":"Walking"}"#, 1),
        (#"{"snapshots":[{"id":"a","name":"b"}]}"#, 0),
        (#"{"snapshots":[{"id":"a","name":"b","nice":true}]}"#, 1), (#"{"id":"","ips":["a",""]}"#, 2),
    ])
    func `a status that says more than its schema is told of`(_ status: String, _ count: Int) throws {
        var object = VirtualMachine(name: "web", namespace: "default").object
        object.status = try ObjectValue(parsing: Array(status.utf8))
        #expect(TruthfulStore.problems(object).count == count)
    }
}
