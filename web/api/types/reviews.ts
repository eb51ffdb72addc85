import type { Static } from 'typebox';
import type {
  ReviewItemReply,
  ReviewsReply,
} from '../../../src/domains/experiments/reviews/reviews.contract.ts';

export type Reviews = Static<typeof ReviewsReply>;
export type ReviewItem = Static<typeof ReviewItemReply>;
