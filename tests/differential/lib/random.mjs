// tests/differential/lib/random.mjs - chance from a seed (sfc32): the same everywhere
// SPDX-License-Identifier: Apache-2.0
export class Random {
	#s;

	constructor(seed, stream = 0) {
		this.#s = new Uint32Array([Number(BigInt(seed) & 0xffffffffn), Number(BigInt(seed) >> 32n) ^ stream, stream, 1]);
		for (let i = 0; i < 20; i++) this.#next();
	}

	#next() {
		const s = this.#s;
		const t = (s[0] + s[1] + s[3]++) >>> 0;
		s[0] = s[1] ^ (s[1] >>> 9);
		s[1] = s[2] + (s[2] << 3);
		s[2] = (s[2] << 21) | (s[2] >>> 11);
		s[2] += t;
		return t;
	}

	// From 0 to n - 1.
	int(n) {
		return this.#next() % n;
	}

	chance(p) {
		return this.#next() < p * 4294967296;
	}

	pick(list) {
		return list[this.int(list.length)];
	}

	// At most n different ones.
	some(list, n) {
		const left = [...list], taken = [];
		while (left.length > 0 && taken.length < n) taken.push(...left.splice(this.int(left.length), 1));
		return taken;
	}

	shuffle(list) {
		return this.some(list, list.length);
	}

	// From [[weight, value], ...].
	weighted(rows) {
		let at = this.int(rows.reduce((sum, [w]) => sum + w, 0));
		for (const [w, value] of rows) if ((at -= w) < 0) return value;
		return undefined;
	}
}
