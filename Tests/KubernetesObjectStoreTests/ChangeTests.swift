import KubernetesObjectStore
import ObjectStore
import Objects
import Testing

@Suite struct ChangeTests {
    @Test func `an object is created without the version that it was read with`() async throws {
        let server = try ScriptedServer { _, _ in .json(201, machineText("web1", version: 5)) }
        let made = try await server.store().create(machine(version: "4"))
        #expect(made.metadata.resourceVersion == "5")
        let request = try #require(server.requests.first)
        #expect(request.method == "POST" && request.target == "/apis/infra.virtrigaud.io/v1beta1/namespaces/default/virtualmachines")
        #expect(request.headers["content-type"] == "application/json" && !request.body.contains("resourceVersion"))
        #expect(request.body.contains(#""kind":"VirtualMachine""#) && request.body.contains(#""apiVersion":"infra.virtrigaud.io/v1beta1""#))
    }

    @Test func `an object that needs a namespace and has none is refused here`() async throws {
        let server = try ScriptedServer { _, _ in .json(201, machineText("web1")) }
        let store = try server.store()
        let error = await storeError { _ = try await store.create(APIObject(.virtualMachine, ObjectMetadata(name: "a"))) }
        #expect(error?.reason == .invalid && server.requests.isEmpty)
    }

    @Test(arguments: [(ObjectPart.main, ""), (.status, "/status")])
    func `an update is put in place of the object or of its status`(part: ObjectPart, suffix: String) async throws {
        let server = try ScriptedServer { _, _ in .json(machineText("web1", version: 6)) }
        #expect(try await server.store().update(machine(version: "5"), part).metadata.resourceVersion == "6")
        let request = try #require(server.requests.first)
        #expect(
            request.method == "PUT"
                && request.target == "/apis/infra.virtrigaud.io/v1beta1/namespaces/default/virtualmachines/web1\(suffix)")
        #expect(request.body.contains(#""resourceVersion":"5""#))
    }

    @Test func `a kind without a status of its own is written whole`() async throws {
        let server = try ScriptedServer { _, _ in .json(#"{"metadata":{"name":"s","namespace":"default","resourceVersion":"2"}}"#) }
        var secret = APIObject(.secret, ObjectMetadata(name: "s", namespace: "default"))
        secret.metadata.resourceVersion = "1"
        _ = try await server.store().update(secret, .status)
        #expect(server.requests.map(\.target) == ["/api/v1/namespaces/default/secrets/s"])
    }

    @Test func `an update of whatever is there takes its version, and takes it anew when another was faster`() async throws {
        let server = try ScriptedServer { count, request in
            if request.method == "GET" { return .json(machineText("web1", version: count)) }
            return count < 4 ? .json(409, statusText(409, "Conflict")) : .json(machineText("web1", version: 9))
        }
        #expect(try await server.store().update(machine(), .main).metadata.resourceVersion == "9")
        #expect(server.requests.map(\.method) == ["GET", "PUT", "GET", "PUT", "GET", "PUT"])
        #expect(server.requests.last?.body.contains(#""resourceVersion":"4""#) == true)
    }

    @Test func `an update of whatever is there is no update of another object of that name`() async throws {
        let server = try ScriptedServer { _, _ in .json(machineText("web1")) }
        let store = try server.store()
        #expect(await storeError { _ = try await store.update(machine(uid: "another"), .main) }?.reason == .conflict)
        #expect(server.requests.map(\.method) == ["GET"])
    }

    @Test func `an update that loses each time ends`() async throws {
        let server = try ScriptedServer { _, request in
            request.method == "GET" ? .json(machineText("web1")) : .json(409, statusText(409, "Conflict"))
        }
        let store = try server.store()
        #expect(await storeError { _ = try await store.update(machine(), .main) }?.reason == .conflict)
        #expect(server.requests.count < 30)
    }

    @Test(arguments: [(true, StoreError.Reason.notFound), (false, .conflict)])
    func `an object that is gone is not one that has another uid`(isGone: Bool, expected: StoreError.Reason) async throws {
        let words = "Precondition failed: UID in precondition: u-web1, UID in object meta: "
        let server = try ScriptedServer { _, request in
            if request.method == "PUT" { return .json(409, statusText(409, "Conflict", words)) }
            return isGone ? .json(404, statusText(404, "NotFound")) : .json(machineText("web1"))
        }
        let store = try server.store()
        #expect(await storeError { _ = try await store.update(machine(version: "3", uid: "u-web1"), .main) }?.reason == expected)
    }

    @Test func `what is deleted is gone at once, or is there until its finalizers are`() async throws {
        let deleting = #","deletionTimestamp":"2026-11-23T01:02:03Z","finalizers":["a/b"]"#
        let server = try ScriptedServer { count, _ in
            count == 0 ? .json(#"{"kind":"Status","status":"Success"}"#) : .json(machineText("web1", version: 3, metadata: deleting))
        }
        let store = try server.store()
        #expect(try await store.delete(web1, DeletePrecondition(uid: "u", resourceVersion: "2")) == nil)
        #expect(try await store.delete(web1)?.metadata.finalizers == ["a/b"])
        #expect(server.requests[0].method == "DELETE")
        #expect(server.requests[0].body.contains(#""preconditions":{"resourceVersion":"2","uid":"u"}"#))
        #expect(
            !server.requests[1].body.contains("preconditions") && server.requests[1].body.contains(#""propagationPolicy":"Background""#))
    }
}
