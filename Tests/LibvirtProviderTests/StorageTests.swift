import Primitives
import RPC
import Synchronization
import Testing

@testable import LibvirtProvider

/// What is known of disks before a byte of them is written, and how bytes get from one thread to another.
struct StorageTests {
    /// The head of a qcow2 of version 3.
    private func qcow2(version: UInt8 = 3, backing: UInt8 = 0, features: UInt8 = 0, size: [UInt8] = [0, 0, 0, 0, 0x40, 0, 0, 0]) -> [UInt8]
    {
        var head: [UInt8] = [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, version] + [0, 0, 0, 0, 0, 0, 0, backing] + [0, 0, 0, 0, 0, 0, 0, 16]
        head += size + [UInt8](repeating: 0, count: 40) + [0, 0, 0, 0, 0, 0, 0, features]
        return head + [UInt8](repeating: 0, count: 112 - head.count)
    }

    private func detect(_ head: [UInt8], said: String? = nil) -> (format: DiskFormat?, code: RPCCode?) {
        do throws(RPCError) {
            return (try DiskFormat.detect(head, said: said, what: "the image"), nil)
        } catch {
            return (nil, error.code)
        }
    }

    @Test func `the first bytes say what it is`() {
        #expect(detect(qcow2()).format == DiskFormat(name: "qcow2", capacityBytes: 1 << 30))
        #expect(detect(qcow2(), said: "QCOW2").format?.name == "qcow2")
        #expect(detect([UInt8](repeating: 0, count: 512)).format == DiskFormat(name: "raw", capacityBytes: nil))
        #expect(detect([0xEB], said: "raw").format?.name == "raw")
    }

    @Test func `what would name files of the host is refused`() {
        #expect(detect(qcow2(backing: 112)).code == .failedPrecondition)
        #expect(detect(qcow2(features: 4)).code == .failedPrecondition)
        #expect(detect(qcow2(version: 9)).code == .failedPrecondition)
        #expect(detect(qcow2(size: [255, 0, 0, 0, 0, 0, 0, 0])).code == .failedPrecondition)
        #expect(detect(Array(qcow2().prefix(60))).code == .failedPrecondition)
        // A raw disk may have anything in it, also what looks like another format: it is never probed again.
        #expect(detect(qcow2(), said: "raw").code == .failedPrecondition)
        #expect(detect([UInt8](repeating: 0, count: 512), said: "qcow2").code == .failedPrecondition)
    }

    @Test(
        arguments: [
            ([0x1F, 0x8B, 8], RPCCode.failedPrecondition), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], .failedPrecondition),
            (Array("KDMV".utf8), .unimplemented), (Array("vhdxfile".utf8), .unimplemented), (Array("QED\0".utf8), .unimplemented),
            (Array("OOOM".utf8), .unimplemented), (Array("WithoutFreeSpace".utf8), .unimplemented),
            ([UInt8](repeating: 1, count: 64) + [0x7F, 0x10, 0xDA, 0xBE], .unimplemented),
            ([UInt8](repeating: 0, count: 0x8001) + Array("CD001".utf8), .unimplemented),
            ([0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 100), .failedPrecondition),
        ] as [([UInt8], RPCCode)])
    func `what has to be unpacked or converted first is told as that`(head: [UInt8], code: RPCCode) { #expect(detect(head).code == code) }

    @Test(arguments: [
        ("http://a/b/c.img", "http://a/b/c.img"), ("https://u:p@a/b?token=x#y", "https://…@a/b"), ("https://a/b@c", "https://a/b@c"),
        ("http://a", "http://a"),
    ])
    func `addresses are shown without what may be secret`(url: String, shown: String) { #expect(ImageURL.shown(url) == shown) }

    @Test(
        arguments: [
            ("http://a/b/c", "http://x/y", "http://x/y"), ("http://a/b/c", "/y", "http://a/y"), ("http://a/b/c", "y", "http://a/b/y"),
            ("https://a:1/b?c", "//x/y", "https://x/y"), ("https://a/b", "http://a/b", nil), ("https://a/b", "file:///etc/passwd", nil),
            ("http://a/b", "file:///etc/passwd", nil), ("HTTPS://a/b", "http://a/b", nil), ("http://a/b", "scp://a/b", nil),
        ] as [(String, String, String?)])
    func `a redirection leads where it says, and never out of https`(url: String, location: String, next: String?) {
        #expect((try? ImageURL.resolve(location, from: url)) == next)
    }

    @Test func `a pipe gives what was put, in its order, and holds no more than it may`() async throws {
        let pipe = BytePipe(limit: 1000)
        let total = Mutex(0)
        let done = OneAnswer<Bool>()
        try Thread.start("pipe-test") {
            for number in 0..<1000 { _ = pipe.put([UInt8](repeating: UInt8(number % 251), count: 100)) }
            pipe.end()
            done.give(true)
        }
        let read = OneAnswer<Bool>()
        try Thread.start("pipe-test") {
            var number = 0
            while case .piece(let piece) = pipe.take() {
                #expect(piece == [UInt8](repeating: UInt8(number % 251), count: 100))
                number += 1
            }
            total.withLock { $0 = number }
            read.give(true)
        }
        #expect(await done.value)
        #expect(await read.value)
        #expect(total.withLock { $0 } == 1000)
    }

    @Test(arguments: [true, false]) func `who waits at a pipe that is broken hears of it`(isWriter: Bool) async throws {
        let pipe = BytePipe(limit: 10)
        let heard = OneAnswer<Bool>()
        try Thread.start("pipe-test") {
            if isWriter {
                while pipe.put([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {}
                heard.give(true)
            } else if case .broken = pipe.take() {
                heard.give(true)
            } else {
                heard.give(false)
            }
        }
        pipe.breakOff()
        #expect(await heard.value)
        #expect(!pipe.put([1]))
    }

    @Test func `a record of an image is read as it was written, whatever stands behind it`() {
        let record = ImageRecord(
            isReady: true, operation: "op-1", source: "http://a/\"b\"", volume: "a.img.op-1", identity: "ef", format: "qcow2", bytes: 12,
            digests: ["sha256": "ab", "md5": "cd"])
        #expect(ImageRecord(record.json) == record)
        #expect(ImageRecord(record.padded) == record)
        #expect(record.padded.count == 4096)
        #expect(ImageRecord(record.json + [UInt8](repeating: 0, count: 4000)) == record)
        #expect(ImageRecord([]) == nil)
        #expect(ImageRecord(Array("{\"ready\": true}".utf8)) == nil)
        #expect(ImageRecord(Array("}".utf8)) == nil)
    }

    @Test func `a record is small whatever it is of, and only records are written over`() {
        let record = ImageRecord(
            isReady: true, operation: "op-1", source: "http://a/" + String(repeating: "\u{1}ä", count: 100_000), format: "raw", bytes: 0,
            digests: [:])
        #expect(record.padded.count < ImageRecord.limitBytes)
        #expect(ImageRecord(record.padded) == record)
        #expect(ImageRecord.isOurs(record.padded))
        // The process ended when it had made the volume, or within its bytes.
        #expect(ImageRecord.isOurs([UInt8](repeating: 0, count: 4096)))
        #expect(ImageRecord.isOurs(Array(record.json.prefix(20))))
        #expect(!ImageRecord.isOurs(Array("somebody's notes".utf8)))
        #expect(!ImageRecord.isOurs(Array("{\"notes\": 1}".utf8)))
    }

    @Test func `images of one folder have one lock, whatever their pools are called`() {
        func key(_ pool: String, _ volume: String) -> String {
            ImageStore.Image(pool: pool, name: "a.img", volume: volume, path: "/images/\(volume)", format: "raw", capacityBytes: 1).key
        }
        #expect(key("one", "a.img") == key("two", "a.img"))
        #expect(key("one", "a.img") == key("one", "a.img.op-1"))
        #expect(key("one", "a.img") == "/images/a.img")
    }

    @Test func `room that one has been promised is not another's, until it is filled or given back`() {
        let book = RoomBook()
        let (one, two, elsewhere) = (book.open("a"), book.open("a"), book.open("b"))
        #expect(book.promise(one, free: 100, least: 60, wanted: 10) == 60)
        #expect(book.promise(two, free: 100, least: 60, wanted: 10) == nil)
        #expect(book.promise(elsewhere, free: 100, least: 60, wanted: 10) == 60)
        #expect(book.promise(two, free: 100, least: 5, wanted: 80) == 40)
        // What it has written the pool tells, and what it was promised beyond that is taken off still.
        book.wrote(50, one)
        #expect(book.promise(two, free: 50, least: 1, wanted: 80) == 40)
        book.wrote(40, two)
        #expect(book.promise(two, free: 10, least: 1, wanted: 80) == nil)
        book.close(one)
        #expect(book.promise(two, free: 10, least: 1, wanted: 80) == 50)
    }
}
