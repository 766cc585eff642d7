import Glibc
import Testing
@testable import Web

@Suite("Bytes on the C heap")
struct HeapBytesTests {
    private static func taken(_ heap: HeapBytes) -> [UInt8] {
        let (memory, size) = heap.release()
        defer { free(memory) }
        return Array(UnsafeRawBufferPointer(start: memory, count: size))
    }

    @Test("They grow, from any capacity", arguments: [0, 1, 64, 65, 100_000, -1])
    func growth(_ capacity: Int) {
        let heap = HeapBytes(reservingBytes: capacity)
        var expected: [UInt8] = []
        for size in [0, 1, 63, 64, 65, 5_000, 0, 70_000] {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &+ size) }
            heap.append(contentsOf: bytes)
            expected += bytes
            #expect(heap.count == expected.count)
        }
        #expect(Self.taken(heap) == expected)
    }

    @Test("A filler's word is believed up to the room that it was given")
    func filling() {
        let heap = HeapBytes(reservingBytes: 1)
        heap.append(upTo: 4) { room in
            #expect(room.count == 4)
            for index in 0..<3 { room[index] = UInt8(index) }
            return 3
        }
        heap.append(upTo: 2) { room in
            room.update(repeating: 9)
            return 100
        }
        #expect(heap.count == 5)
        #expect(Self.taken(heap) == [0, 1, 2, 9, 9])
    }

    @Test("Given away, they are empty, and may grow again")
    func release() {
        let heap = HeapBytes()
        heap.append(contentsOf: [1, 2, 3])
        #expect(Self.taken(heap) == [1, 2, 3])
        #expect(heap.count == 0)
        #expect(Self.taken(heap).isEmpty)
        heap.append(contentsOf: [4])
        #expect(Self.taken(heap) == [4])
    }
}
