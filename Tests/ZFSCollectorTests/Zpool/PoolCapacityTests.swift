import Primitives
import Testing

@testable import ZFSCollector

@Suite struct PoolCapacityTests {
    @Test func `columns and what is unknown`() throws {
        let pools = try PoolCapacity.read(try Fixtures.zpool("list.txt"))
        #expect(pools.map(\.name) == ["rpool", "tank", "cold store"])
        #expect(pools[0].sizeBytes == 498_216_206_336 && pools[0].checkpointBytes == nil && pools[0].fragmentationRatio == 0.12)
        #expect(pools[1].deduplicationRatio == 0.4 && pools[1].expandableBytes == 1_099_511_627_776 && pools[1].leakedBytes == 8192)
        #expect(pools[1].isReadOnly == false && pools[1].state == .degraded)
        #expect(
            pools[2].state == .suspended && pools[2].sizeBytes == nil && pools[2].isReadOnly == nil && pools[2].deduplicationRatio == nil)
    }

    @Test func `without pools`() throws {
        #expect(try PoolCapacity.read([]).isEmpty)
        #expect(try PoolCapacity.read(Array("no pools available\n".utf8)).isEmpty)
    }

    @Test(arguments: ["rpool\n", "rpool 1 2 3\n", "\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\n", "\u{0}\n", "cannot open 'tank': no such pool\n"])
    func `what is no line of a pool is malformed`(text: String) {
        #expect { try PoolCapacity.read(Array(text.utf8)) } throws: { ($0 as? Failure)?.code == .malformed }
    }

    @Test func `numbers that are none are absent`() throws {
        let line = "p\t1e9\t-5\tinf\t0x10\t1.2.3\t12%\t1.00x\tWELL\t\t99999999999999999999999999\tmaybe\n"
        let pool = try #require(try PoolCapacity.read(Array(line.utf8)).first)
        #expect(pool.sizeBytes == nil && pool.allocatedBytes == nil && pool.freeBytes == nil && pool.checkpointBytes == nil)
        #expect(pool.expandableBytes == nil && pool.fragmentationRatio == 0.12 && pool.deduplicationRatio == 1 && pool.state == nil)
        #expect(pool.freeingBytes == nil && pool.leakedBytes == nil && pool.isReadOnly == nil)
    }
}
