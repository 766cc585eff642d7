import LibvirtAPI
import Primitives
import RPC
import XML

/// A volume as its pool describes it.
struct VolumeView: Sendable, Equatable {
    let name: String
    let path: String
    /// qcow2, raw; nil where volumes have none.
    let format: String?
    /// What a guest sees.
    let capacityBytes: UInt64
    /// What is taken of the storage.
    let allocationBytes: UInt64
    /// What it stands upon.
    let backingPath: String?
    let backingFormat: String?
    let isBlock: Bool
    /// When its file was written last, as the pool tells it; empty where it does not.
    let modified: String

    /// Reads it. Blocks.
    init(_ volume: LibvirtVolume) throws(LibvirtError) {
        let text = try volume.xml()
        let tree: XMLElement
        do throws(Failure) {
            tree = try XMLReader.read(text, source: "libvirt's description of a volume")
        } catch {
            throw LibvirtError(.failed, error.message)
        }
        self.init(tree, name: volume.name)
    }

    init(_ tree: XMLElement, name: String) {
        self.name = name
        path = tree.text(at: "target/path") ?? tree.text(at: "key") ?? ""
        format = tree.first("target/format")?["type"]
        capacityBytes = tree.text(at: "capacity").flatMap { UInt64($0) } ?? 0
        allocationBytes = tree.text(at: "allocation").flatMap { UInt64($0) } ?? 0
        backingPath = tree.text(at: "backingStore/path")
        backingFormat = tree.first("backingStore/format")?["type"]
        modified = tree.text(at: "target/timestamps/mtime") ?? ""
        isBlock = tree["type"] == "block"
    }
}
