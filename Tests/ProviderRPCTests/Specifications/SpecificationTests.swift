import RPC
import Testing

@testable import ProviderRPC

@Suite struct SpecificationTests {
    @Test(arguments: [
        #"{"CPU":2,"MemoryMiB":4096,"Firmware":"UEFI","DiskDefaults":{"Type":"thin","SizeGiB":20},"GuestToolsPolicy":"","ExtraConfig":null}"#,
        #"{"cpu":2,"memory":"4Gi","firmware":"EFI","diskDefaults":{"type":"thin","size":"20Gi"}}"#,
    ])
    func `a class reads the same in both of upstream's spellings`(json: String) throws {
        let read = try #require(try VMClass.read(json))
        #expect(read.cpu == 2 && read.memoryMiB == 4096 && read.firmware == .uefi)
        #expect(read.diskDefaults == VMClass.DiskDefaults(type: "thin", sizeGiB: 20))
        #expect(try VMClass.read(read.json) == read)
    }

    @Test func `what is not said is absent`() throws {
        #expect(try VMClass.read("") == nil)
        #expect(try VMClass.read("null") == nil)
        let empty = try #require(
            try VMClass.read(#"{"CPU":0,"MemoryMiB":0,"Firmware":"","PerformanceProfile":null,"NewerThanUs":false,"AlsoNew":{"A":0}}"#))
        #expect(empty == VMClass())
        #expect(try DiskSpec.read("null").isEmpty)
        #expect(try DesiredState.read(#"{"Class":{"CPU":1}}"#).disks == nil)
        #expect(try DesiredState.read(#"{"Disks":[]}"#).disks == [])
    }

    /// The field, its text, and what the message must say.
    private static let refused: [(field: String, json: String, says: String)] = [
        ("class_json", "{", "class_json: not JSON"),
        ("class_json", "[]", "class_json: is a list, must be an object"),
        ("class_json", #"{"CPU":"2"}"#, "class_json.CPU: is a text, must be a whole number"),
        ("class_json", #"{"CPU":-1}"#, "class_json.CPU: is -1"),
        ("class_json", #"{"CPU":1.5}"#, "class_json.CPU: is 1.5"),
        ("class_json", #"{"CPU":1e99}"#, "class_json.CPU: is 1e+99"),
        ("class_json", #"{"CPU":1,"cpu":2}"#, "class_json.cpu: stands there twice"),
        ("class_json", #"{"CPUs":1}"#, "class_json.CPUs: is not known; is cpu meant?"),
        ("class_json", #"{"frobnication":{"a":[1]}}"#, "class_json.frobnication: is not known; known are cpu"),
        ("class_json", #"{"memory":"4 Gi"}"#, "class_json.memory: is a text, must be a size"),
        ("class_json", #"{"memory":"1Gi","memoryMiB":1000}"#, "class_json.memory: says 1024 MiB"),
        ("class_json", #"{"firmware":"coreboot"}"#, #"class_json.firmware: "coreboot" is none of BIOS, UEFI, EFI"#),
        ("disks_json", #"{}"#, "disks_json: is an object, must be a list"),
        ("disks_json", #"[{"SizeGiB":1},{"Name":"data"}]"#, "disks_json[1].sizeGiB: is missing"),
        ("disks_json", #"[{"SizeGiB":1,"Name":"a"},{"SizeGiB":2,"Name":"a"}]"#, "disks_json[1]: a second disk has the name"),
        ("networks_json", #"[{"MacAddress":"52:54:00:12:34"}]"#, "networks_json[0].MacAddress: is a text, must be a MAC address"),
        ("networks_json", #"[{"VLAN":5000}]"#, "networks_json[0].VLAN: is 5000"),
        ("image_json", #"{"Checksum":"abc"}"#, "image_json.Checksum: is not the 64 hex digits of sha256"),
        ("image_json", #"{"ChecksumType":"crc"}"#, #"image_json.ChecksumType: "crc" is none of md5"#),
        ("image_json", #"{"source":{"http":{"url":"http://a"},"libvirt":{"path":"/b"}}}"#, "image_json.source: has several sources"),
        ("placement_json", #"{"hots":"a"}"#, "placement_json.hots: is not known; is host meant?"),
        ("customize_json", #"{"networks":[{"dhcp":true}]}"#, "customize_json.networks[0].name: is missing"),
        ("desired_json", "", "desired_json: is empty"),
        ("desired_json", #"{"Class":{"MemoryMiB":true}}"#, "desired_json.Class.MemoryMiB: is true"),
    ]

    @Test(arguments: refused)
    func `what cannot be meant is refused with its place`(field: String, json: String, says: String) {
        do throws(RPCError) {
            switch field {
            case "class_json": _ = try VMClass.read(json)
            case "disks_json": _ = try DiskSpec.read(json)
            case "networks_json": _ = try NetworkAttachment.read(json)
            case "image_json": _ = try VMImage.read(json)
            case "placement_json": _ = try Placement.read(json)
            case "customize_json": _ = try CloneCustomization.read(json)
            default: _ = try DesiredState.read(json)
            }
            Issue.record("\(json) was taken")
        } catch {
            #expect(error.code == .invalidArgument)
            #expect(error.message.contains(says), "\(error.message)")
        }
    }

    @Test func `messages repeat no text of a guest`() {
        do throws(RPCError) {
            _ = try CloneCustomization.read(#"{"userData":"password: hunter2"}"#)
            Issue.record("it was taken")
        } catch {
            #expect(!error.message.contains("hunter2"))
        }
    }

    @Test func `an image reads flat and as a resource`() throws {
        let sum = String(repeating: "ab", count: 32)
        let flat = try #require(
            try VMImage.read(
                #"{"TemplateName":"","Path":"/a.qcow2","URL":"","Format":"qcow2","Checksum":"\#(sum)","ChecksumType":"sha256"}"#))
        #expect(flat.path == "/a.qcow2" && flat.url == nil && flat.checksum?.description == "sha256:\(sum)")
        #expect(try VMImage.read(flat.json) == flat)
        let resource = try #require(
            try VMImage.read(
                #"""
                {"source":{"libvirt":{"path":"/a.qcow2","format":"qcow2","checksum":"sha256:\#(sum)","storagePool":"fast"}},
                 "prepare":{"onMissing":"Import","force":true,"timeout":"30m"},"metadata":{"displayName":"A"}}
                """#))
        #expect(resource.path == flat.path && resource.checksum == flat.checksum && resource.storage == "fast" && resource.force)
        let other = try #require(try VMImage.read(#"{"source":{"registry":{"image":"a:b"}}}"#))
        #expect(other.otherSources == ["registry"] && !other.isEmpty)
    }

    @Test func `a desired state is read as upstream writes it`() throws {
        let read = try DesiredState.read(
            #"""
            {"Name":"web","Class":{"CPU":4,"MemoryMiB":8192,"DiskDefaults":null},"Image":{"Path":"/i"},
             "Networks":[{"Name":"lan","MacAddress":"52-54-00-AA-BB-CC","VLAN":0}],"Disks":[{"SizeGiB":10,"Type":"thin","Name":"data"}],
             "UserData":{"CloudInitData":"#cloud-config","Type":""},"MetaData":null,"Placement":{"Datastore":"fast"},"Tags":["a"],
             "TargetHostID":"","Owner":{"UID":"u","Namespace":"n","Name":"web"}}
            """#)
        #expect(read.vmClass == VMClass(cpu: 4, memoryMiB: 8192))
        #expect(read.networks.first?.macAddress == "52:54:00:aa:bb:cc")
        #expect(read.disks == [DiskSpec(name: "data", sizeGiB: 10, type: "thin")])
        #expect(read.placement?.datastore == "fast" && read.tags == ["a"])
        #expect(try DesiredState.read(read.json) == read)
    }
}
