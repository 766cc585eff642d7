import ObjectStore
import Objects
import Testing
import Web

@testable import ObjectAPI

@Suite struct PatchTests {
    /// Those of RFC 7386, appendix A.
    @Test(
        arguments: [
            (["a": "b"], ["a": "c"], ["a": "c"]), (["a": "b"], ["b": "c"], ["a": "b", "b": "c"]), (["a": "b"], ["a": .null], [:]),
            (["a": "b", "b": "c"], ["a": .null], ["b": "c"]), (["a": ["b"]], ["a": "c"], ["a": "c"]),
            (["a": "c"], ["a": ["b"]], ["a": ["b"]]),
            (["a": ["b": "c"]], ["a": ["b": "d", "c": .null]], ["a": ["b": "d"]]), (["a": [["b": "c"]]], ["a": [1]], ["a": [1]]),
            (["a", "b"], ["c", "d"], ["c", "d"]),
            (["a": "b"], ["c"], ["c"]), (["a": "foo"], .null, .null), (["a": "foo"], "bar", "bar"),
            (["e": .null], ["a": 1], ["e": .null, "a": 1]),
            ([1, 2], ["a": "b", "c": .null], ["a": "b"]), ([:], ["a": ["bb": ["ccc": .null]]], ["a": ["bb": [:]]]),
        ] as [(ObjectValue, ObjectValue, ObjectValue)])
    func `merge patches do as RFC 7386 says`(target: ObjectValue, patch: ObjectValue, result: ObjectValue) {
        #expect(MergePatch.apply(patch, to: target) == result)
    }

    private func applied(_ operations: ObjectValue, to value: ObjectValue) -> Result<ObjectValue, StoreError> {
        do throws(StoreError) { return .success(try JSONPatch(operations).apply(to: value)) } catch { return .failure(error) }
    }

    /// Those of RFC 6902, appendix A, and edges of pointers.
    @Test(
        arguments: [
            (["foo": "bar"], [["op": "add", "path": "/baz", "value": "qux"]], ["baz": "qux", "foo": "bar"]),
            (["foo": ["bar", "baz"]], [["op": "add", "path": "/foo/1", "value": "qux"]], ["foo": ["bar", "qux", "baz"]]),
            (["baz": "qux", "foo": "bar"], [["op": "remove", "path": "/baz"]], ["foo": "bar"]),
            (["foo": ["bar", "qux", "baz"]], [["op": "remove", "path": "/foo/1"]], ["foo": ["bar", "baz"]]),
            (["baz": "qux", "foo": "bar"], [["op": "replace", "path": "/baz", "value": "boo"]], ["baz": "boo", "foo": "bar"]),
            (
                ["foo": ["bar": "baz", "waldo": "fred"], "qux": ["corge": "grault"]],
                [["op": "move", "from": "/foo/waldo", "path": "/qux/thud"]],
                ["foo": ["bar": "baz"], "qux": ["corge": "grault", "thud": "fred"]]
            ),
            (
                ["foo": ["all", "grass", "cows", "eat"]], [["op": "move", "from": "/foo/1", "path": "/foo/3"]],
                ["foo": ["all", "cows", "eat", "grass"]]
            ),
            (
                ["baz": "qux", "foo": ["a", 2, "c"]],
                [["op": "test", "path": "/baz", "value": "qux"], ["op": "test", "path": "/foo/1", "value": .number(2)]],
                ["baz": "qux", "foo": ["a", 2, "c"]]
            ),
            (
                ["foo": "bar"], [["op": "add", "path": "/child", "value": ["grandchild": [:]]]],
                ["foo": "bar", "child": ["grandchild": [:]]]
            ),
            (["/": 9, "~1": 10], [["op": "test", "path": "/~01", "value": 10]], ["/": 9, "~1": 10]),
            (["a": ["\u{301}": 1]], [["op": "remove", "path": "/a/\u{301}"]], ["a": [:]]),
            (["foo": ["bar"]], [["op": "add", "path": "/foo/-", "value": ["abc"]]], ["foo": ["bar", ["abc"]]]),
            (["a": 1], [["op": "replace", "path": "", "value": ["b": 2]]], ["b": 2]),
            (["a": ["b": 1]], [["op": "copy", "from": "/a", "path": "/c"]], ["a": ["b": 1], "c": ["b": 1]]),
        ] as [(ObjectValue, ObjectValue, ObjectValue)])
    func `JSON patches do as RFC 6902 says`(target: ObjectValue, operations: ObjectValue, result: ObjectValue) {
        #expect(applied(operations, to: target).map { $0 == result } == .success(true))
    }

    @Test(
        arguments: [
            ([["op": "add", "path": "/b/c", "value": 1]], .invalid), ([["op": "remove", "path": "/b"]], .invalid),
            ([["op": "replace", "path": "/b", "value": 1]], .invalid),
            ([["op": "test", "path": "/a", "value": 2]], .invalid), ([["op": "move", "from": "/a", "path": "/a/b"]], .invalid),
            ([["op": "add", "path": "/l/3", "value": 1]], .invalid),
            ([["op": "add", "path": "/l/01", "value": 1]], .invalid), ([["op": "add", "path": "/l/-1", "value": 1]], .invalid),
            ([["op": "remove", "path": "/l/-"]], .invalid),
            ([["op": "remove", "path": "/l/99999999999999999999"]], .invalid), ([["op": "add", "path": "b", "value": 1]], .badRequest),
            ([["op": "add", "path": "/b~2", "value": 1]], .badRequest),
            ([["op": "add", "path": "/b~", "value": 1]], .badRequest), ([["op": "add", "path": "/b"]], .badRequest),
            ([["op": "jump", "path": "/b"]], .badRequest), (["a"], .badRequest),
            (["a": 1], .badRequest), (.list(Array(repeating: ["op": "remove", "path": "/a"], count: 1001)), .tooLarge),
        ] as [(ObjectValue, StoreError.Reason)])
    func `JSON patches that cannot be done are refused`(operations: ObjectValue, reason: StoreError.Reason) {
        #expect(applied(operations, to: ["a": 1, "l": [1, 2]]).failure?.reason == reason)
    }

    @Test func `copies of copies end`() {
        let doubling = ObjectValue.list((0..<100).map { _ in ["op": "copy", "from": "/a", "path": "/a/-"] })
        #expect(applied(doubling, to: ["a": [1, 2, 3]]).failure?.reason == .tooLarge)
    }

    /// The object, nested so often: `{"a": {"a": …}}`.
    private func nested(_ depth: Int) -> ObjectValue { (0..<depth).reduce(.members([:])) { value, _ in ["a": value] } }

    private func deep(_ count: Int, under start: String = "") -> String { start + String(repeating: "/a", count: count) }

    /// Each copy may make it twice as deep: a body that is flat would make an object that no stack can hold.
    @Test(
        arguments: [
            ["op": "copy", "from": "/x", "path": .text("/x" + String(repeating: "/a", count: 30))],
            [
                "op": "add", "path": .text("/x" + String(repeating: "/a", count: 30)),
                "value": ["a": ["a": ["a": ["a": ["a": ["a": ["a": ["a": ["a": [:]]]]]]]]]],
            ],
            [
                "op": "replace", "path": .text("/x" + String(repeating: "/a", count: 29)),
                "value": ["a": ["a": ["a": ["a": ["a": ["a": ["a": ["a": ["a": ["a": [:]]]]]]]]]]],
            ],
            ["op": "move", "from": "/y", "path": .text("/x" + String(repeating: "/a", count: 30))],
        ] as [ObjectValue])
    func `no patch makes an object deeper than a body may be`(operation: ObjectValue) {
        let target: ObjectValue = ["x": nested(29), "y": nested(15)]
        #expect(applied([operation], to: target).failure?.reason == .tooLarge)
    }

    @Test func `what is as deep as a body may be is taken`() throws {
        let limit = JSONPatch.depthLimit
        #expect(
            try applied([["op": "add", "path": .text(deep(limit - 1)), "value": [:]]], to: nested(limit - 2)).get() == nested(limit - 1))
        #expect(applied([["op": "add", "path": .text(deep(limit)), "value": [:]]], to: nested(limit - 1)).failure?.reason == .tooLarge)
        #expect(applied([["op": "test", "path": .text(deep(limit + 1)), "value": [:]]], to: [:]).failure?.reason == .tooLarge)
        let long = "/" + String(repeating: "a", count: JSONPatch.pointerBytes)
        #expect(applied([["op": "add", "path": .text(long), "value": 1]], to: [:]).failure?.reason == .badRequest)
    }

    @Test func `copies of a long text end`() {
        let text = ObjectValue.text(String(repeating: "x", count: 400_000))
        func copies(_ count: Int) -> ObjectValue { .list((0..<count).map { ["op": "copy", "from": "/a", "path": .text("/b\($0)")] }) }
        #expect(applied(copies(3), to: ["a": text]).failure == nil)
        #expect(applied(copies(4), to: ["a": text]).failure?.reason == .tooLarge)
    }

    /// Whether it is written or only tried, and whatever part of the object is meant.
    @Test(arguments: ["", "/status"], [[], [("dryRun", "All")]] as [[(String, String)]])
    func `an object that a patch makes too large is refused before it is looked at`(part: String, query: [(String, String)]) async {
        let bed = Bed()
        _ = await bed.ask("POST", Bed.machines, body: Bed.machine("one"))
        let before = await bed.answer("GET", "\(Bed.machines)/one").value
        let path = part.isEmpty ? "/metadata/annotations" : "/status"
        let long = ObjectValue.text(String(repeating: "x", count: 700_000))
        var operations: [ObjectValue] = [["op": "add", "path": .text(path), "value": ["a": long]]]
        for name in ["b", "c"] { operations.append(["op": "copy", "from": .text("\(path)/a"), "path": .text("\(path)/\(name)")]) }
        let (status, value) = await bed.answer(
            "PATCH", "\(Bed.machines)/one\(part)", query, body: .list(operations), type: "application/json-patch+json")
        #expect(status == 413 && value["message"]?.text?.contains("1500000 are taken at most") == true)
        #expect(await bed.answer("GET", "\(Bed.machines)/one").value == before)
    }

    @Test func `a scale is no way around the limits`() async {
        let bed = Bed()
        let sets = Bed.machines.replacing("virtualmachines", with: "vmsets")
        let set: ObjectValue = [
            "apiVersion": "infra.virtrigaud.io/v1beta1", "kind": "VMSet", "metadata": ["name": "s"],
            "spec": [
                "replicas": 1, "selector": ["matchLabels": ["a": "b"]],
                "template": ["metadata": ["labels": ["a": "b"]], "spec": Bed.machine("x")["spec"] ?? .null],
            ],
        ]
        #expect(await bed.answer("POST", sets, body: set).status == 201)
        var operations: [ObjectValue] = [["op": "add", "path": "/x", "value": [:]]]
        for power in 0..<14 { operations.append(["op": "copy", "from": "/x", "path": .text(deep(1 << power, under: "/x"))]) }
        for query in [[], [("dryRun", "All")]] as [[(String, String)]] {
            let answer = await bed.ask("PATCH", "\(sets)/s/scale", query, body: .list(operations), type: "application/json-patch+json")
            #expect(answer.status == 413)
        }
    }

    @Test func `of strategic patches, what kubectl sends for a Secret is known`() throws {
        let target: ObjectValue = [
            "data": ["a": "x", "b": "y"],
            "metadata": ["finalizers": ["one", "two"], "ownerReferences": [["uid": "1", "name": "p"]], "labels": ["l": "m"]],
        ]
        let patch: ObjectValue = [
            "data": ["a": .null, "c": "z"],
            "metadata": [
                "$setElementOrder/finalizers": ["two", "three"], "$deleteFromPrimitiveList/finalizers": ["one"], "finalizers": ["three"],
                "ownerReferences": [["$patch": "delete", "uid": "1"], ["uid": "2"]], "labels": ["$patch": "replace", "n": "o"],
            ],
        ]
        let expected: ObjectValue = [
            "data": ["b": "y", "c": "z"],
            "metadata": ["finalizers": ["two", "three"], "ownerReferences": [["uid": "2"]], "labels": ["n": "o"]],
        ]
        #expect(try StrategicPatch.apply(patch, to: target) == expected)
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}

extension Result where Success == Bool, Failure == StoreError {
    fileprivate static func == (one: Self, other: Self) -> Bool { (try? one.get()) == (try? other.get()) }
}
