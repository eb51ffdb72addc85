export type Reviews = {
  questions: {
    id: string;
    name: string;
    type: 'feedback' | 'expectation';
    instruction: string | null;
    answer: string;
    isDefault: boolean;
  }[];
  queues: {
    id: string;
    name: string;
    type: 'user' | 'custom';
    users: string[];
    questions: string[];
    pending: number;
    complete: number;
    declined: number;
    createdAt: string;
  }[];
  issues: {
    id: string;
    name: string;
    description: string;
    status: 'pending' | 'rejected' | 'resolved';
    severity: 'not_an_issue' | 'low' | 'medium' | 'high' | null;
    rootCauses: string[];
    categories: string[];
    traces: number;
    sourceRun: string | null;
    createdAt: string;
  }[];
};

export type ReviewItem = {
  trace: string;
  status: 'pending' | 'complete' | 'declined';
  completedBy: string | null;
  completedAt: string | null;
  about: {
    name: string | null;
    state: string;
    startedAt: string;
    request: string | null;
    response: string | null;
    assessments: number;
  } | null;
};
