import ObjectStore
import Objects
import Primitives
import Testing
import Web

@testable import ObjectAPI

@Suite struct VerbTests {
    private let bed = Bed()
    private let one = "\(Bed.classes)/small"

    /// Anybody may ask for it, at any time: with a list it would cost as much as there are objects.
    @Test func `whether it lives is told without a list`() async {
        final class Lists: ObjectStore {
            let store = MemoryObjectStore()
            func get(_ key: ObjectKey) async throws(StoreError) -> APIObject { try await store.get(key) }
            func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
                Issue.record("a list was made")
                return try await store.list(kind, in: namespace, selector)
            }
            func create(_ object: APIObject) async throws(StoreError) -> APIObject { try await store.create(object) }
            func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
                try await store.update(object, part)
            }
            func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
                try await store.delete(key, precondition)
            }
            func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
                try await store.watch(kind, in: namespace, from: version)
            }
        }
        let api = ObjectAPI(Lists(), kinds: KindSchema.all.map { ($0.kind, KindRules($0)) })
        for path in ["/healthz", "/livez", "/readyz"] {
            #expect(await api.handle(HTTPServerRequest(method: "GET", path: path)).status == 200)
        }
    }

    @Test func `a slash in a name is the end of none`() async throws {
        let bed = bed
        _ = await bed.ask("POST", Bed.classes, body: Bed.size("small"))
        let server = try HTTPServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "test", logger: .silent, handler: bed.api.handle)
        let client = try HTTPClient()
        for (path, status) in [
            (one, 200), (one.replacing("/small", with: "%2Fsmall"), 404), (one.replacing("/small", with: "%2fsmall"), 404),
            (one + "?a=%2F", 200), (one.replacing("small", with: "%73mall"), 200),
        ] {
            let answer = try await client.send(
                HTTPRequest(url: "http://127.0.0.1:\(server.address.port)\(path)", deadline: .after(seconds: 60)))
            #expect(answer.status == status, "\(path)")
        }
        client.close()
        await server.stop(withinSeconds: 1)
    }

    @Test func `an object is made, read, changed and deleted`() async {
        let made = await bed.answer("POST", Bed.classes, body: Bed.size("small"))
        #expect(made.status == 201)
        #expect(made.value["spec"]?["firmware"] == "BIOS", "defaults are there")
        #expect(made.value["metadata"]?["namespace"] == "default")
        #expect(await bed.answer("POST", Bed.classes, body: Bed.size("small")).status == 409)
        #expect(await bed.answer("GET", one).value == made.value)
        let merged = await bed.answer("PATCH", one, body: ["spec": ["cpu": 4]], type: "application/merge-patch+json")
        #expect(merged.value["spec"]?["cpu"] == 4)
        #expect(merged.value["metadata"]?["generation"] == 2)
        let stale = await bed.answer("PUT", one, body: made.value)
        #expect(stale.status == 409)
        #expect(stale.value["reason"] == "Conflict")
        var bare = Bed.size("small", cpu: 8)
        #expect(await bed.answer("PUT", one, body: bare).status == 422, "who has not read it may not put another in its place")
        if case .members(var members) = bare {
            members["metadata"] = merged.value["metadata"]
            bare = .members(members)
        }
        #expect(await bed.answer("PUT", one, body: bare).value["spec"]?["cpu"] == 8)
        let gone = await bed.answer("DELETE", one)
        #expect(gone.status == 200)
        #expect(gone.value["details"]?["uid"] == made.value["metadata"]?["uid"])
        #expect(await bed.answer("GET", one).status == 404)
    }

    @Test(
        arguments: [
            ("POST", Bed.classes, Bed.size("x", cpu: 0), 422, "Invalid"), ("POST", Bed.classes, ["apiVersion": "v1"], 400, "BadRequest"),
            ("POST", Bed.classes, [1], 400, "BadRequest"),
            ("POST", "/apis/infra.virtrigaud.io/v1beta1/vmclasses", Bed.size("x"), 405, "MethodNotAllowed"),
            ("DELETE", "/apis/infra.virtrigaud.io/v1beta1/vmclasses", nil, 405, "MethodNotAllowed"),
            ("PUT", Bed.classes, Bed.size("x"), 405, "MethodNotAllowed"),
            ("POST", "/apis/infra.virtrigaud.io/v1beta1/namespaces/other/vmclasses", Bed.size("x"), 201, nil),
            ("GET", "/api/v1/pods", nil, 404, "NotFound"),
            ("GET", "/apis/apps/v1", nil, 404, "NotFound"), ("GET", "/", nil, 404, "NotFound"), ("GET", "/apis", nil, 200, nil),
            ("POST", "/apis", nil, 405, "MethodNotAllowed"),
            ("GET", "\(Bed.classes)/x/scale", nil, 404, "NotFound"), ("GET", "\(Bed.classes)/x/status/y", nil, 404, "NotFound"),
            ("DELETE", "\(Bed.classes)/x", nil, 404, "NotFound"),
            ("POST", "/api/v1/namespaces", ["kind": "Namespace"], 405, "MethodNotAllowed"),
            ("GET", "/api/v1/namespaces/default", nil, 200, nil),
            ("GET", "/api/v1/namespaces/none", nil, 404, "NotFound"),
        ] as [(String, String, ObjectValue?, Int, String?)])
    func `what cannot be done says so`(method: String, path: String, body: ObjectValue?, status: Int, reason: String?) async {
        let answer = await bed.answer(method, path, body: body)
        #expect(answer.status == status, "\(answer.value)")
        #expect(answer.value["reason"]?.text == reason)
        if reason != nil { #expect(answer.value["message"]?.text?.isEmpty == false) }
    }

    @Test(arguments: [
        ("labelSelector", "a in (b", 400), ("fieldSelector", "spec.cpu=1", 400), ("continue", "x", 400), ("dryRun", "Some", 400),
        ("fieldValidation", "x", 400),
        ("timeoutSeconds", "-1", 400), ("watch", "perhaps", 400), ("limit", "1", 200), ("unknown", "x", 200),
        ("resourceVersionMatch", "Exact", 410),
    ])
    func `options that are not known are refused where that matters`(name: String, value: String, status: Int) async {
        #expect(await bed.answer("GET", Bed.classes, [(name, value)]).status == status)
    }

    @Test(arguments: [
        ("application/strategic-merge-patch+json", 415), ("application/apply-patch+yaml", 415), ("application/json", 415), ("", 415),
        ("application/merge-patch+json", 404),
        ("application/json-patch+json", 400),
    ])
    func `patches have types`(type: String, status: Int) async {
        #expect(await bed.answer("PATCH", one, body: ["spec": ["cpu": 1]], type: type).status == status)
    }

    @Test func `what is wrong with an object is said field by field`() async {
        let answer = await bed.answer("POST", Bed.classes, body: Bed.size("x", cpu: 0))
        #expect(answer.value["details"]?["causes"]?[0]?["field"] == "spec.cpu")
        #expect(answer.value["details"]?["causes"]?[0]?["reason"] == "FieldValueInvalid")
        #expect(answer.value["details"]?["kind"] == "VMClass")
    }

    @Test(arguments: [("Ignore", 201, 0), ("Warn", 201, 1), ("", 201, 1), ("Strict", 400, 0)])
    func `fields that nobody knows are not kept, and are said`(mode: String, status: Int, warnings: Int) async {
        var object = Bed.size("small")
        if case .members(var members) = object {
            members["spec"] = ["cpu": 1, "memory": "1Gi", "colour": "red"]
            object = .members(members)
        }
        let response = await bed.ask("POST", Bed.classes, [("fieldValidation", mode)], body: object)
        #expect(response.status == status)
        #expect(response.headers.values(of: "Warning").count == warnings)
        #expect(await bed.answer("GET", one).value["spec"]?["colour"] == nil)
    }

    @Test func `a dry run changes nothing`() async {
        #expect(await bed.answer("POST", Bed.classes, [("dryRun", "All")], body: Bed.size("small")).status == 201)
        #expect(await bed.answer("GET", one).status == 404)
        let made = await bed.answer("POST", Bed.classes, body: Bed.size("small"))
        #expect(await bed.answer("POST", Bed.classes, [("dryRun", "All")], body: Bed.size("small")).status == 409)
        let patched = await bed.answer("PATCH", one, [("dryRun", "All")], body: ["spec": ["cpu": 9]], type: "application/merge-patch+json")
        #expect(patched.value["spec"]?["cpu"] == 9)
        #expect(await bed.answer("DELETE", one, body: ["kind": "DeleteOptions", "dryRun": ["All"]]).status == 200)
        #expect(await bed.answer("GET", one).value == made.value)
    }

    @Test func `a status is written by its own path alone`() async {
        _ = await bed.answer("POST", Bed.classes, body: Bed.size("small"))
        let merge = "application/merge-patch+json"
        _ = await bed.answer("PATCH", one, body: ["status": ["usedByVMs": 3]], type: merge)
        #expect(await bed.answer("GET", one).value["status"]?["usedByVMs"] == nil)
        let written = await bed.answer("PATCH", "\(one)/status", body: ["status": ["usedByVMs": 3], "spec": ["cpu": 7]], type: merge)
        #expect(written.value["status"]?["usedByVMs"] == 3)
        #expect(written.value["spec"]?["cpu"] == 2)
        #expect(written.value["metadata"]?["generation"] == 1)
        #expect(await bed.answer("PATCH", "\(one)/status", body: ["status": ["usedByVMs": "many"]], type: merge).status == 422)
    }

    @Test func `a deletion can say which object is meant, and waits for finalizers`() async {
        var object = Bed.size("small")
        if case .members(var members) = object {
            members["metadata"] = ["name": "small", "finalizers": ["example.com/x"]]
            object = .members(members)
        }
        let made = await bed.answer("POST", Bed.classes, body: object)
        let other = await bed.answer("DELETE", one, body: ["preconditions": ["uid": "another"]])
        #expect(other.status == 409)
        let leaving = await bed.answer(
            "DELETE", one, body: ["preconditions": ["uid": made.value["metadata"]?["uid"] ?? .null], "propagationPolicy": "Background"])
        #expect(leaving.value["metadata"]?["deletionTimestamp"] != nil)
        _ = await bed.answer("PATCH", one, body: ["metadata": ["finalizers": .null]], type: "application/merge-patch+json")
        #expect(await bed.answer("GET", one).status == 404)
        #expect(await bed.answer("DELETE", one, body: ["propagationPolicy": "Perhaps"]).status == 400)
    }

    @Test func `a collection is deleted by labels`() async {
        _ = await bed.answer("POST", Bed.classes, body: Bed.size("a", labels: ["x": "1"]))
        _ = await bed.answer("POST", Bed.classes, body: Bed.size("b", labels: ["x": "2"]))
        #expect(await bed.answer("DELETE", Bed.classes, [("labelSelector", "x=1")]).status == 200)
        let left = await bed.answer("GET", Bed.classes).value
        #expect(left["items"]?.list?.compactMap { $0["metadata"]?["name"]?.text } == ["b"])
        #expect(left["kind"] == "VMClassList")
    }

    @Test func `changes at the same time are all done`() async {
        _ = await bed.answer("POST", Bed.classes, body: Bed.size("small"))
        let statuses = await withTaskGroup(of: Int.self) { group in
            for index in 0..<20 {
                group.addTask { [bed, one] in
                    await bed.answer(
                        "PATCH", one, body: ["metadata": ["labels": ["l\(index)": "x"] as ObjectValue]],
                        type: "application/merge-patch+json"
                    ).status
                }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        let done = statuses.count { $0 == 200 }
        #expect(statuses.allSatisfy { $0 == 200 || $0 == 409 })
        #expect(await bed.answer("GET", one).value["metadata"]?["labels"]?.members?.count == done)
    }

    @Test func `a table has columns and ages`() async {
        _ = await bed.answer("POST", Bed.classes, body: Bed.size("small"))
        let table = await bed.answer("GET", Bed.classes, accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json").value
        #expect(table["kind"] == "Table")
        #expect(
            table["columnDefinitions"]?.list?.compactMap { $0["name"]?.text } == ["Name", "CPU", "Memory", "Firmware", "Age"])
        #expect(table["rows"]?[0]?["cells"]?.list?.prefix(4) == ["small", 2, "2Gi", "BIOS"])
        #expect(table["rows"]?[0]?["object"]?["kind"] == "PartialObjectMetadata")
        #expect(await bed.answer("GET", Bed.classes, accept: "application/vnd.kubernetes.protobuf").status == 406)
    }

    @Test(arguments: [
        (0.0, "0s"), (-5, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (600, "10m"), (10_800, "3h"), (11_000, "3h3m"), (172_800, "2d"),
        (180_000, "2d2h"),
        (691_200, "8d"), (63_072_000, "2y"), (70_000_000, "2y80d"), (.infinity, "31709y"), (.nan, "0s"),
    ])
    func `ages are kubectl's`(seconds: Double, text: String) { #expect(ageText(seconds) == text) }

    private let sets = "/apis/infra.virtrigaud.io/v1beta1/namespaces/default/vmsets"
    private let set: ObjectValue = [
        "apiVersion": "infra.virtrigaud.io/v1beta1", "kind": "VMSet", "metadata": ["name": "s"],
        "spec": [
            "replicas": 1, "selector": ["matchLabels": ["app": "x"]],
            "template": [
                "metadata": ["labels": ["app": "x"]],
                "spec": ["providerRef": ["name": "p"], "classRef": ["name": "c"], "imageRef": ["name": "i"]],
            ],
        ],
    ]

    @Test(
        arguments: [
            ([("propagationPolicy", "Orphan")], nil, 200, true),
            ([("propagationPolicy", "Background")], nil, 200, false),
            ([("propagationPolicy", "Perhaps")], nil, 400, false),
            // A body counts alone.
            ([("propagationPolicy", "Orphan")], ["propagationPolicy": "Foreground"], 200, false),
            ([], ["propagationPolicy": "Orphan"], 200, true),
        ] as [([(String, String)], ObjectValue?, Int, Bool)])
    func `what belongs to a set stays when the query or the body says so`(
        query: [(String, String)], body: ObjectValue?, status: Int, stays: Bool
    ) async {
        _ = await bed.answer("POST", sets, body: set)
        let answer = await bed.answer("DELETE", "\(sets)/s", query, body: body)
        #expect(answer.status == status)
        // Whoever deletes what belongs to it takes this finalizer away; nobody does so here.
        #expect((answer.value["metadata"]?["finalizers"] == ["orphan"]) == stays)
    }

    @Test func `a set is scaled`() async {
        let made = await bed.answer("POST", sets, body: set)
        #expect(made.status == 201, "\(made.value)")
        let scale = await bed.answer("GET", "\(sets)/s/scale").value
        #expect(scale["spec"]?["replicas"] == 1)
        #expect(scale["status"]?["selector"] == "app=x")
        #expect(await bed.answer("PUT", "\(sets)/s/scale", body: ["spec": ["replicas": 3]]).value["spec"]?["replicas"] == 3)
        #expect(
            await bed.answer("PATCH", "\(sets)/s/scale", body: ["spec": ["replicas": -1]], type: "application/merge-patch+json").status
                == 422)
        #expect(await bed.answer("GET", "\(sets)/s").value["spec"]?["replicas"] == 3)
    }
}
