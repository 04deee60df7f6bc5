/* Where the pulse guest has its things: ports, figures and variables, for pulse.S alone. */

/* Ports. */
#define PIC1            0x20
#define PIC2            0xa0
#define PIT0            0x40
#define PIT2            0x42
#define PIT_CONTROL     0x43
#define SPEAKER         0x61
#define CMOS            0x70
#define UART            0x3f8
#define UART_STATUS     0x3fd
#define LOCAL_APIC      0xfee00000

/* Figures. */
#define PERIOD          11932           /* 10 ms of the interval timer */
#define SOONEST         200             /* shortest delay that channel 0 is set to */
#define TICKS_A_SECOND  100
#define BLOCK_SHORTEST  150             /* a block that costs less is doubled, */
#define BLOCK_LONGEST   2400            /* one that costs more is halved */
#define TURNS_LIMIT     0x4000000       /* no processor takes less than the shortest time for so many */
#define DIRTY_END       0x900000        /* dirty walks from 1 MiB to here */
#define FILL_AT_ONCE    64              /* pages filled between two looks at the clock */

/* Variables, in the segment at 0 (ds, es and ss). */
#define TICK_DUE        0x500           /* byte: channel 0 has interrupted */
#define CHANGED         0x501           /* byte: settings are to be told */
#define RAN_BLOCK       0x502           /* byte: the last turn of the main loop ran a block */
#define LINE_BAD        0x503           /* byte: the line being read is too long */
#define LINE_LENGTH     0x504           /* word */
#define TICKS_LEFT      0x506           /* word: ticks until settings are told again */
#define TURN_BEGAN      0x508           /* word: clock at the begin of this turn of the main loop */
#define DEADLINE        0x50a           /* word: clock at which the next tick is due */
#define OUT_FIRST       0x50c           /* word: first byte that is not sent */
#define OUT_END         0x50e           /* word: end of the lines to send */
#define BURN            0x510           /* long: percent */
#define SHARE           0x514           /* long: work granted at each tick, in sixteenths of a timer count */
#define CREDIT          0x518           /* long: work owed, likewise */
#define COST            0x51c           /* long: what a block costs, likewise */
#define TURNS           0x520           /* long: turns of the loop in a block */
#define DIRTY           0x524           /* long: pages a second */
#define DIRTY_OWED      0x528           /* long: hundredths of pages owed */
#define DIRTY_NEXT      0x52c           /* long: address of the next page */
#define DIRTY_LIMIT     0x530           /* long: address to turn back at */
#define FILL_NEXT       0x534           /* long: address of the next page to fill */
#define FILL_END        0x538           /* long: address to stop at */
#define MEMORY          0x53c           /* long: bytes of memory */
#define STAMP           0x540           /* long: what is written into pages, never twice the same */
#define TICK_LINE       0x550           /* "t 0000000000\n" */
#define TICK_LENGTH     13
#define LINE            0x600
#define LINE_LIMIT      32
#define OUT             0x800
#define OUT_LIMIT       0x1000          /* end of the buffer */
#define OUT_LINE        128             /* no line is longer */
#define STACK           0x7000
