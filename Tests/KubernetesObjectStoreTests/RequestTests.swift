import KubernetesObjectStore
import ObjectStore
import Objects
import Testing

/// The error of what should have failed.
func storeError(_ body: () async throws -> Void) async -> StoreError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? StoreError
    }
}

@Suite struct RequestTests {
    @Test func `an object is asked for by its path, and what others keep in its metadata is left out`() async throws {
        let fields = #","managedFields":[{"manager":"kubectl","fieldsV1":{"f:spec":{"f:a":{}}}}],"selfLink":"/x","labels":{"app":"web"}"#
        let server = try ScriptedServer { _, _ in .json(machineText("web1", version: 12, metadata: fields)) }
        let object = try await server.store().get(web1)
        #expect(server.requests.map(\.target) == ["/apis/infra.virtrigaud.io/v1beta1/namespaces/default/virtualmachines/web1"])
        #expect(object.metadata.resourceVersion == "12" && object.metadata.labels == ["app": "web"])
        #expect(object.value["metadata"]?["managedFields"] == nil)
        #expect(server.requests.first?.headers["user-agent"] == "martlet-manager")
    }

    @Test func `names that are no part of a path are escaped`() async throws {
        let server = try ScriptedServer { _, _ in .json(404, statusText(404, "NotFound", details: #"{"name":"x"}"#)) }
        let store = try server.store()
        _ = try? await store.get(ObjectKey(.secret, "a/b", "../c d?e"))
        _ = try? await store.get(ObjectKey(.virtualMachine, "default", "ä"))
        #expect(
            server.requests.map(\.target) == [
                "/api/v1/namespaces/a%2Fb/secrets/..%2Fc%20d%3Fe",
                "/apis/infra.virtrigaud.io/v1beta1/namespaces/default/virtualmachines/%C3%A4",
            ])
    }

    @Test(arguments: [
        (404, "NotFound", StoreError.Reason.notFound), (409, "Conflict", .conflict), (409, "AlreadyExists", .alreadyExists),
        (422, "Invalid", .invalid), (403, "Forbidden", .forbidden), (401, "Unauthorized", .unauthorized), (400, "BadRequest", .badRequest),
        (500, "InternalError", .internalError), (500, "", .internalError), (503, "ServiceUnavailable", .unavailable),
        (504, "Timeout", .timeout),
        (500, "ServerTimeout", .timeout), (410, "Gone", .expired), (410, "Expired", .expired), (405, "MethodNotAllowed", .methodNotAllowed),
        (413, "RequestEntityTooLarge", .tooLarge), (415, "UnsupportedMediaType", .unsupportedMediaType), (418, "Teapot", .badRequest),
        (599, "", .internalError),
    ]) func `a Status is the store's error`(status: Int, reason: String, expected: StoreError.Reason) async throws {
        let server = try ScriptedServer { _, _ in .json(status, statusText(status, reason, "it is so\\nand so")) }
        let store = try server.store()
        let error = await storeError { _ = try await store.get(web1) }
        #expect(error?.reason == expected)
        #expect(error?.message == "it is so\\u000aand so")
        #expect(error?.key == web1)
    }

    @Test func `an object that is too large for etcd is too large`() async throws {
        let server = try ScriptedServer { _, _ in .json(500, statusText(500, "", "etcdserver: request is too large")) }
        let store = try server.store()
        #expect(await storeError { _ = try await store.create(machine()) }?.reason == .tooLarge)
    }

    @Test func `the fields of an object that is refused are told`() async throws {
        let causes =
            #"{"name":"web1","causes":[{"reason":"FieldValueRequired","message":"Required value","field":"spec.a"},{"reason":"New","field":"spec.b"}]}"#
        let server = try ScriptedServer { _, _ in .json(422, statusText(422, "Invalid", details: causes)) }
        let store = try server.store()
        let problems = await storeError { _ = try await store.create(machine()) }?.problems
        #expect(problems == [FieldProblem("spec.a", .required, "Required value"), FieldProblem("spec.b", .invalid, "")])
    }

    @Test func `what is said of a Secret that is refused is not shown`() async throws {
        let said = #"cannot be handled: illegal base64 ...|aHVudGVyMg==|..."#
        let causes = #"{"name":"s","causes":[{"reason":"FieldValueInvalid","message":"hunter2","field":"data[a]"}]}"#
        let server = try ScriptedServer { _, _ in .json(400, statusText(400, "BadRequest", said, details: causes)) }
        let store = try server.store()
        let error = await storeError { _ = try await store.create(APIObject(.secret, ObjectMetadata(name: "s", namespace: "default"))) }
        #expect(error?.reason == .badRequest)
        let text = "\(error?.message ?? "") \(error?.problems ?? [])"
        #expect(text.contains("data[a]") && !text.contains("hunter2") && !text.contains("aHVudGVy"))
    }

    @Test(arguments: [
        (ScriptedServer.Answer.text(404, "404 page not found\n")),
        .json(404, statusText(404, "NotFound", "the server could not find the requested resource", details: "{}")),
    ]) func `a kind that is unknown is not taken for an object that is gone`(answer: ScriptedServer.Answer) async throws {
        let server = try ScriptedServer { _, _ in answer }
        let store = try server.store()
        for error in [
            await storeError { _ = try await store.get(web1) }, await storeError { _ = try await store.list(.virtualMachine) },
            await storeError { _ = try await store.watch(.virtualMachine, in: nil, from: "1") },
            await storeError { _ = try await store.delete(web1) },
        ] {
            #expect(error?.reason == .unavailable)
            #expect(error?.message.contains("kubectl apply") == true)
        }
        #expect(try await store.unknown(of: [.virtualMachine]) == [.virtualMachine])
    }

    @Test(arguments: [
        ("not JSON", StoreError.Reason.unavailable), ("", .unavailable), ("[]", .unavailable), (#"{"metadata":{"name":5}}"#, .unavailable),
        (#"{"metadata":{}}"#, .unavailable), (String(repeating: "[", count: 500), .unavailable),
        (String(repeating: " ", count: 5000), .tooLarge),
    ]) func `an answer that is no object is an error`(text: String, expected: StoreError.Reason) async throws {
        let server = try ScriptedServer { _, _ in .json(text) }
        let store = try server.store { $0.answerBytes = 4000 }
        #expect(await storeError { _ = try await store.get(web1) }?.reason == expected)
    }

    @Test(arguments: [502, 301, 999]) func `an answer of something in between is unavailable`(status: Int) async throws {
        let server = try ScriptedServer { _, _ in .text(status, "<html>") }
        let store = try server.store()
        #expect(await storeError { _ = try await store.get(web1) }?.reason == .unavailable)
    }

    @Test func `a server that does not answer is given up`() async throws {
        let server = try ScriptedServer { _, _ in .silence }
        let store = try server.store { $0.requestSeconds = 0.2 }
        #expect(await storeError { _ = try await store.get(web1) }?.reason == .timeout)
        #expect(await storeError { _ = try await store.watch(.virtualMachine, in: nil, from: "1") }?.reason == .timeout)
    }

    @Test func `a server that is not there is unavailable`() async throws {
        let store = try KubernetesObjectStore(KubeConnection(server: "http://127.0.0.1:1"))
        #expect(await storeError { _ = try await store.get(web1) }?.reason == .unavailable)
        #expect(await storeError { _ = try await store.watch(.virtualMachine, in: nil, from: "1") }?.reason == .unavailable)
    }

    @Test func `a server that is busy is asked again when it says so`() async throws {
        let server = try ScriptedServer { count, _ in
            count < 2 ? .json(429, statusText(429, "TooManyRequests"), headers: "Retry-After: 0\r\n") : .json(machineText("web1"))
        }
        #expect(try await server.store().create(machine()).metadata.name == "web1")
        #expect(server.requests.count == 3)
    }

    @Test func `a server that is busy for longer than there is time is not waited for`() async throws {
        let server = try ScriptedServer { _, _ in .json(429, statusText(429, "TooManyRequests"), headers: "Retry-After: 3600\r\n") }
        let store = try server.store()
        #expect(await storeError { _ = try await store.get(web1) }?.reason == .tooManyRequests)
        #expect(server.requests.count == 1)
    }

    @Test func `no more requests are on their way than may be`() async throws {
        let server = try ScriptedServer { _, _ in .json(machineText("web1")) }
        let store = try server.store { $0.requestsInFlight = 1 }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try? await store.get(web1) } }
        }
        #expect(server.requests.count == 20)
        // One place needs one connection, which is kept.
        #expect(server.connectionCount == 1)
    }
}
