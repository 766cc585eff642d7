import Testing

@testable import Objects

struct KindChangeTests {
    @Test(arguments: [
        (ResourceKind.vmSnapshot, "spec.vmRef", #"{"name":"other"}"#, "spec.vmRef: cannot be changed; make another VMSnapshot"),
        (.vmClone, "spec.target.name", #""web3""#, "spec: cannot be changed; make another VMClone"),
        (.vmSet, "spec.selector", #"{"matchLabels":{"app":"web","x":"y"}}"#, "spec.selector: cannot be changed; make another VMSet"),
        (.vmOperation, "spec.operation", #""Delete""#, "spec: cannot be changed; it says what was asked for"),
        (.secret, "type", #""other""#, "type: cannot be changed; delete it and make it anew"),
    ])
    func `what never changes`(_ kind: ResourceKind, _ path: String, _ json: String, _ problem: String) throws {
        var changed = try Examples.object(kind, path, json)
        if kind == .vmSet {
            changed.content["spec"]?.set(
                "template", try Examples.object(.vmSet, "spec.template.metadata.labels", #"{"app":"web","x":"y"}"#).spec["template"])
        }
        let problems = try #require(KindSchema.of(kind)).validate(changed, replacing: Examples.object(kind))
        #expect(problems.map(\.description) == [problem])
        #expect(problems.allSatisfy { $0.reason == .forbidden })
    }

    @Test(arguments: ["providerRef", "imageRef"])
    func `what changes only as long as there is no machine`(_ name: String) throws {
        var old = try Examples.object(.virtualMachine)
        let changed = try Examples.object(.virtualMachine, "spec.\(name)", #"{"name":"other"}"#)
        #expect(KindSchema.virtualMachine.validate(changed, replacing: old) == [])
        old.status = ["id": ""]
        #expect(KindSchema.virtualMachine.validate(changed, replacing: old) == [])
        old.status = ["id": "12"]
        let problems = KindSchema.virtualMachine.validate(changed, replacing: old)
        #expect(problems.map(\.path) == ["spec.\(name)"])
        #expect(problems.first?.message.hasPrefix("cannot be changed now that status.id is there; ") == true)
    }

    @Test func `an immutable Secret stays as it is, and may still be labelled`() throws {
        var old = try Examples.object(.secret)
        old.content["immutable"] = true
        var changed = old
        changed.metadata.labels["a"] = "b"
        #expect(KindSchema.secret.validate(changed, replacing: old) == [])
        changed.content["stringData"] = ["password": "other"]
        #expect(KindSchema.secret.validate(changed, replacing: old).map(\.path) == ["data"])
        changed = old
        changed.content["immutable"] = false
        #expect(KindSchema.secret.validate(changed, replacing: old).map(\.path) == ["immutable"])
    }

    @Test func `a default that is said is no change`() throws {
        let old = try Examples.object(.vmClone)
        let changed = try Examples.object(.vmClone, "spec.options.powerOn", "false")
        #expect(KindSchema.vmClone.validate(changed, replacing: old) == [])
    }
}

struct KindDefaultsTests {
    @Test func `defaults are there, and what is said stays, also false and 0`() throws {
        var object = try Examples.object(
            .provider,
            #"{"spec":{"type":"libvirt","endpoint":"grpc://a:1","healthCheck":{"enabled":false},"rateLimit":{"burst":5},"defaults":null}}"#)
        object = KindSchema.provider.defaulted(object)
        let health = object.spec["healthCheck"]
        #expect(health?["enabled"] == false && health?["interval"] == "30s" && health?["failureThreshold"] == 3)
        #expect(object.spec["rateLimit"]?["burst"] == 5 && object.spec["rateLimit"]?["qps"] == 10)
        #expect(object.spec["defaults"] == nil && object.spec["connectionPooling"] == nil)

        let image = KindSchema.vmImage.defaulted(try Examples.object(.vmImage))
        #expect(image.spec["prepare"]?["retries"] == 0 && image.spec["prepare"]?["validateChecksum"] == true)
        let machine = KindSchema.virtualMachine.defaulted(try Examples.object(.virtualMachine))
        #expect(machine.spec["disks"]?[0]?["type"] == "thin" && machine.spec["powerState"] == "Off")
    }

    @Test func `texts of a Secret are stored in base64`() throws {
        let object = KindSchema.secret.defaulted(try Examples.object(.secret, "stringData", #"{"password":"new","user":"root"}"#))
        #expect(object.content["stringData"] == nil)
        let secret = ManagerSecret(object)
        #expect(secret.names == ["password", "user"] && secret.text("password") == "new" && secret.text("user") == "root")
        #expect(!secret.description.contains("cm9vdA") && secret.type == "Opaque")
        let wrong = KindSchema.secret.defaulted(try Examples.object(.secret, "stringData", #"{"password":7}"#))
        #expect(KindSchema.secret.validate(wrong).map(\.description) == ["stringData[password]: must be a text, is a whole number"])
    }
}
