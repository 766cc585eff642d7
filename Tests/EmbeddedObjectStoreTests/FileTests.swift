import Database
import Glibc
import ObjectStore
import Objects
import Primitives
import TestSupport
import Testing

@testable import EmbeddedObjectStore

/// What is on the disk, and what is said when it is not as it should be.
@Suite struct FileTests {
    let folder = ScratchFolder()
    var path: String { folder.path + "/objects.db" }

    private func machine(_ name: String, _ text: String = "x") -> APIObject {
        APIObject(.virtualMachine, ObjectMetadata(name: name, namespace: "default"), ObjectMembers([("spec", ObjectValue.text(text))]))
    }

    private func refusal(_ body: () async throws(Failure) -> Void) async -> Failure? {
        do throws(Failure) {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    private func open() async throws(Failure) -> EmbeddedObjectStore { try await EmbeddedObjectStore(path) }

    /// Changes the file past the store.
    private func alter(_ sql: String) async throws(Failure) {
        let database = try await Database(path, format: ObjectFile.format)
        try await database.write { (connection) throws(Failure) in try connection.script(sql) }
        await database.close()
    }

    @Test func `what was answered is there after a start, as it was`() async throws {
        var store = try await open()
        var wanted = machine("web1")
        wanted.metadata.labels = ["a": "b"]
        wanted.metadata.annotations = ["a": "Größe\n\"1\" \u{1F600}"]
        wanted.metadata.finalizers = ["example.com/a"]
        wanted.metadata.ownerReferences = [OwnerReference(apiVersion: "v1", kind: "VMSet", name: "s", uid: "u")]
        wanted.spec = ["a": [1, true, .null, "x", .number(1.5)], "b": ["c": .whole(.max)]]
        var made = try await store.create(wanted)
        made.status = ["id": "100"]
        made = try await store.update(made, .status)
        let going = try #require(try await store.delete(made.key))
        let kind = try await store.create(APIObject(.vmClass, ObjectMetadata(name: "small", namespace: "other")))
        _ = try await store.create(machine("gone"))
        _ = try await store.delete(machine("gone").key)
        let version = try await store.list(.virtualMachine).resourceVersion
        await store.close()

        store = try await open()
        #expect(try await store.get(made.key) == going)
        #expect(try await store.list(.vmClass).items == [kind])
        // The newest change was that something went; its version is not given again.
        #expect(try await store.list(.virtualMachine).resourceVersion == version)
        #expect(try await store.list(.virtualMachine).items == [going])
        let next = try await store.create(machine("new")).metadata.resourceVersion
        #expect(try #require(Int64(next)) == #require(Int64(version)) + 1)
        await store.close()
    }

    @Test func `a watch from before the start is too old, and one from its moment is not`() async throws {
        var store = try await open()
        let first = try await store.create(machine("a")).metadata.resourceVersion
        let last = try await store.create(machine("b")).metadata.resourceVersion
        await store.close()
        store = try await open()
        do throws(StoreError) {
            _ = try await store.watch(.virtualMachine, in: nil, from: first)
            Issue.record("it watches")
        } catch {
            #expect(error.reason == .expired)
        }
        let watch = try await store.watch(.virtualMachine, in: nil, from: last)
        let made = try await store.create(machine("c"))
        #expect(try await watch.next()?.object == made)
        await store.close()
    }

    @Test func `a file has one manager`() async throws {
        let store = try await open()
        let failure = try #require(await refusal { () throws(Failure) in _ = try await open() })
        #expect(failure.code == .unavailable && failure.message.contains("is in use by process \(getpid())"))
        await store.close()
        await (try await open()).close()
    }

    @Test func `a file of a newer format is left alone`() async throws {
        await (try await open()).close()
        try await alter("PRAGMA user_version = 2")
        let failure = try #require(await refusal { () throws(Failure) in _ = try await open() })
        #expect(failure.code == .environment && failure.message.contains("format 2 of the manager's objects"))
    }

    @Test func `a file of another program is left alone`() async throws {
        let other = DatabaseFormat(name: "notes", applicationID: 7, steps: ["CREATE TABLE notes (text TEXT) STRICT;"])
        let database = try await Database(path, format: other)
        await database.close()
        let failure = try #require(await refusal { () throws(Failure) in _ = try await open() })
        #expect(failure.code == .malformed && failure.message.contains("not the manager's objects"))
    }

    @Test(arguments: [
        ("UPDATE objects SET json = substr(json, 1, 50)", "is damaged: virtualmachines.infra.virtrigaud.io \"default/web1\" is not JSON"),
        ("UPDATE objects SET name = 'web2'", "\"default/web2\" says that it is another object or state"),
        ("UPDATE objects SET version = version - 1", "says that it is another object or state"),
        ("UPDATE counter SET version = 1", "is newer than the count of versions says"),
        ("DELETE FROM counter", "the count of versions is not there"),
        ("UPDATE objects SET json = '[]'", "says that it is another object or state"),
    ])
    func `what is no object is found at the start, with what to do`(sql: String, text: String) async throws {
        let store = try await open()
        _ = try await store.create(machine("web1"))
        await store.close()
        try await alter(sql)
        let failure = try #require(await refusal { () throws(Failure) in _ = try await open() })
        #expect(failure.code == .malformed, "\(failure)")
        #expect(failure.message.contains(text) && failure.message.contains("put a copy of it back"), "\(failure)")
    }

    @Test func `a page that was overwritten is found at the start`() async throws {
        let store = try await open()
        for number in 0..<50 { _ = try await store.create(machine("m\(number)", String(repeating: "x", count: 2000))) }
        await store.close()
        var bytes = try Files.read(path)
        let place = bytes.count / 2 / 4096 * 4096
        for index in place..<(place + 512) { bytes[index] = 0xFF }
        try Files.write(bytes, to: path)
        #expect(await refusal { () throws(Failure) in _ = try await open() }?.code == .malformed)
    }

    @Test func `kinds that this version does not know stay in the file`() async throws {
        var store = try await open()
        let known = try await store.create(machine("web1"))
        let unknown = try await store.create(APIObject(.vmClass, ObjectMetadata(name: "small", namespace: "default")))
        await store.close()
        store = try await EmbeddedObjectStore(path, kinds: [.virtualMachine])
        #expect(try await store.list(.virtualMachine).items == [known])
        do throws(StoreError) {
            _ = try await store.create(unknown)
            Issue.record("it keeps it")
        } catch {
            #expect(error.reason == .notFound && error.message == "this store keeps no vmclasses.infra.virtrigaud.io")
        }
        await store.close()
        store = try await open()
        #expect(try await store.get(unknown.key) == unknown)
        await store.close()
    }

    @Test func `a full disk changes nothing, and what comes when there is room does`() async throws {
        let store = try await open()
        let before = try await store.create(machine("before"))
        let watch = try await store.watch(.virtualMachine, in: nil, from: before.metadata.resourceVersion)
        let pages = try await store.file.database.write { (connection) throws(Failure) in try connection.number("PRAGMA page_count") }
        // What SQLite says then is what it says of a full disk.
        _ = try await store.file.database.write { (connection) throws(Failure) in try connection.run("PRAGMA max_page_count = \(pages + 4)")
        }
        let large = String(repeating: "x", count: 100_000)
        let reasons = await withTaskGroup(of: StoreError.Reason?.self) { group in
            for number in 0..<8 {
                group.addTask {
                    do throws(StoreError) {
                        _ = try await store.create(machine("m\(number)", large))
                        return nil
                    } catch {
                        return error.reason
                    }
                }
            }
            var reasons: [StoreError.Reason?] = []
            for await reason in group { reasons.append(reason) }
            return reasons
        }
        #expect(reasons == Array(repeating: .unavailable, count: 8))
        #expect(try await store.list(.virtualMachine).items == [before])
        #expect(try await store.list(.virtualMachine).resourceVersion == before.metadata.resourceVersion)
        do throws(StoreError) {
            _ = try await store.create(machine("m", large))
        } catch {
            #expect(error.message == "cannot write \(path): the disk or a quota is full; make room there" && error.mayPass)
        }
        _ = try await store.file.database.write { (connection) throws(Failure) in try connection.run("PRAGMA max_page_count = 1000000") }
        let after = try await store.create(machine("after", large))
        #expect(try await watch.next()?.object == after)
        await store.close()
        let again = try await open()
        #expect(try await again.list(.virtualMachine).items == [after, before])
        await again.close()
    }

    @Test func `what was secret is in no file when it is gone, and the file is its owner's`() async throws {
        let store = try await open()
        func secret(_ text: String) -> APIObject {
            let data: ObjectValue = ["password": .text(String(repeating: text, count: 200))]
            return APIObject(.secret, ObjectMetadata(name: "s", namespace: "default"), ObjectMembers([("data", data)]))
        }
        func traces(of text: String) throws -> [String] {
            try ["", "-wal"].filter { suffix in
                guard Files.exists(path + suffix) else { return false }
                return String(decoding: try Files.read(path + suffix), as: UTF8.self).contains(String(repeating: text, count: 20))
            }
        }
        _ = try await store.create(secret("hunter2"))
        #expect(try !traces(of: "hunter2").isEmpty)
        _ = try await store.update(secret("correct horse"))
        #expect(try traces(of: "hunter2") == [])
        #expect(try !traces(of: "correct horse").isEmpty)
        _ = try await store.delete(secret("").key)
        #expect(try traces(of: "correct horse") == [])
        for suffix in ["", "-wal", "-shm"] {
            var status = stat()
            #expect(stat(path + suffix, &status) == 0 && status.st_mode & 0o777 == 0o600, "\(suffix)")
        }
        await store.close()
    }

    @Test func `a store that is closed says so`() async throws {
        let store = try await open()
        let watch = try await store.watch(.virtualMachine, in: nil, from: "1")
        let waiting = Task { try await watch.next()?.resourceVersion }
        await store.close()
        #expect(try await waiting.value == nil)
        do throws(StoreError) {
            _ = try await store.create(machine("late"))
            Issue.record("it is kept")
        } catch {
            #expect(error.reason == .unavailable)
        }
    }
}
