/* SPDX-License-Identifier: MIT */
#include "test/host/cap_model.h"

#include "test/host/check.h"

struct cap_name
model_name(const struct model_cap *m)
{
    struct cap_name name = {{0, 0}};

    for (unsigned i = 0; i < m->length; i++) {
        name.word[i / 4] |= (uint64_t)m->component[i] << (16 * (i % 4));
    }
    return name;
}

struct cap
model_encode(const struct model_cap *m)
{
    struct model_cap mask = *m;
    struct cap c;

    memset(&c, 0, sizeof(c));
    if (!m->held) {
        c.name.word[0] = c.name.word[1] = CAP_POISON;
        c.read_word0 = c.write_word0 = CAP_POISON;
        c.pte_forbidden = UINT64_MAX;
        return c;
    }
    memset(mask.component, 0xff, sizeof(mask.component));
    c.name = model_name(m);
    c.mask = model_name(&mask);
    c.read_word0 = m->rights & CAP_READ ? c.name.word[0] : CAP_POISON;
    c.write_word0 = m->rights & CAP_WRITE ? c.name.word[0] : CAP_POISON;
    c.pte_forbidden = 0x3ffULL << 54 | 1 << 5; /* N, PBMT, reserved; G */
    if (!(m->rights & CAP_READ)) {
        c.pte_forbidden |= 1 << 1 | 1 << 3; /* R, X */
    }
    if (!(m->rights & CAP_WRITE)) {
        c.pte_forbidden |= 1 << 2; /* W */
    }
    c.rights = (uint8_t)m->rights;
    c.length = (uint8_t)m->length;
    c.held = 1;
    return c;
}

struct model_cap
model_decode(const struct cap *c)
{
    struct model_cap m = {.held = c->held, .rights = c->rights};

    if (!m.held) {
        return m;
    }
    for (unsigned i = 0; i < 8; i++) {
        m.component[i] = (uint16_t)(c->name.word[i / 4] >> (16 * (i % 4)));
        if (m.component[i] != 0) {
            m.length = i + 1;
        }
    }
    return m;
}

bool
model_is_prefix(const struct model_cap *prefix, const struct model_cap *name)
{
    if (prefix->length > name->length) {
        return false;
    }
    for (unsigned i = 0; i < prefix->length; i++) {
        if (prefix->component[i] != name->component[i]) {
            return false;
        }
    }
    return true;
}

void
model_append_serial(struct model_cap *m, uint32_t serial)
{
    m->component[m->length++] = (uint16_t)(SERIAL_MIN + serial / 0x7fff);
    m->component[m->length++] = (uint16_t)(SERIAL_MIN + serial % 0x7fff);
}

struct model_cap
model_random_name(unsigned length, uint64_t *state)
{
    struct model_cap m = {.held = true, .rights = CAP_RIGHTS_ALL};

    while (m.length < length) {
        if (m.length + 2 <= length && random_below(state, 3) == 0) {
            model_append_serial(&m, (uint32_t)random_below(state, CAP_SERIALS));
        } else {
            m.component[m.length++] =
                (uint16_t)(CHOSEN_MIN + random_below(state, CHOSEN_MAX));
        }
    }
    return m;
}

void
model_build(struct cap_list *list, uint64_t at, const struct model_cap *m)
{
    const uint64_t place[2] = {0, at == 1 ? 2 : 1};
    unsigned turn = 0; /* which of the two holds the name so far */
    unsigned i = 0;

    cap_init_root(list);
    while (i < m->length) {
        uint64_t from = place[turn];
        uint64_t to = place[turn ^= 1];

        if (m->component[i] >= SERIAL_MIN) {
            uint32_t serial = (m->component[i] - 0x8000u) * 0x7fff +
                              (m->component[i + 1] - 0x8000u);
            CHECK_EQUAL(cap_fresh(list, from, to, &serial), 0);
            i += 2;
        } else {
            CHECK_EQUAL(cap_derive(list, from, to, m->component[i], 0x1f), 0);
            i++;
        }
        CHECK_EQUAL(cap_drop(list, from), 0);
    }
    CHECK_EQUAL(cap_derive(list, place[turn], at, 0, m->rights), 0);
    CHECK_EQUAL(cap_drop(list, place[turn]), 0);
}
